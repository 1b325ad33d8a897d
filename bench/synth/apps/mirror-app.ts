/** The fleet with one `ImageMirror`. */
import { timeApp } from './timed-app';
import { fleetImages } from '../fleet-images';
import { defineFleetApart, defineMirroredFleet } from '../mirrored-fleet';

timeApp((app, { images, stacks, apart }) => {
  const define = apart ? defineFleetApart : defineMirroredFleet;
  define(app, fleetImages(images), stacks);
});
