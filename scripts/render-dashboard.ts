/**
 * Draws the dashboard of a mirror from sample data, for the README.
 *
 * Run it with `npx tsx --tsconfig tsconfig.dev.json scripts/render-dashboard.ts` whenever the dashboard changes; a test says when.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { dashboardWidgets } from './dashboard-body';
import { dashboardPicture } from './dashboard-picture';

const file = path.join(__dirname, '..', 'docs', 'images', 'dashboard.svg');
mkdirSync(path.dirname(file), { recursive: true });
writeFileSync(file, dashboardPicture(dashboardWidgets()));
