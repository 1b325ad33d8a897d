/** The app without anything, whose time is taken off that of the others. */
import { Stack } from 'aws-cdk-lib';
import { timeApp } from './timed-app';

timeApp((app) => {
  new Stack(app, 'Fleet1');
});
