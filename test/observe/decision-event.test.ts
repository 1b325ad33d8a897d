/** The published schema, for the events of decisions. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import type { DecisionDetail } from '../../src/image/contract/decision-result';
import { EVENT_DETAIL_TYPE, EVENT_VERSION } from '../../src/image/contract/events-and-metrics';
import { deliveredEvent } from '../support/delivered-event';

const SCHEMA = JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'schemas', 'mirror-event-1.schema.json'), 'utf8'));
const validate = new Ajv2020({ allErrors: true, strict: true, strictRequired: false }).compile(SCHEMA);

const DETAIL: Required<DecisionDetail> = {
  source: 'docker.io/library/nginx:stable',
  repository: 'mirror/nginx',
  tag: 'stable',
  digest: `sha256:${'a'.repeat(64)}`,
  by: 'Reviewer/ann',
  reason: 'checked by hand',
  at: '2027-03-31T12:00:00Z',
  servedBy: ['stable'],
};

const event = (detailType: string, detail: object) => {
  return deliveredEvent({ source: 'cdk-ecr-mirror', detailType, eventBusName: 'default', resources: [], detail: { version: EVENT_VERSION, ...detail } });
};

test.each([EVENT_DETAIL_TYPE.RELEASED, EVENT_DETAIL_TYPE.REFUSED])('"%s" follows the schema', (type) => {
  expect([validate(event(type, DETAIL)), validate.errors]).toEqual([true, null]);
});

test('a decision without its principal or its reason does not follow the schema, and no result of a run has the fields of a decision only', () => {
  expect(validate(event(EVENT_DETAIL_TYPE.RELEASED, { ...DETAIL, by: undefined }))).toBe(false);
  expect(validate(event(EVENT_DETAIL_TYPE.REFUSED, { ...DETAIL, reason: undefined }))).toBe(false);
  expect(validate(event(EVENT_DETAIL_TYPE.MIRRORED, DETAIL))).toBe(false);
});

test('the schema has each field of a decision', () => {
  expect(Object.keys(SCHEMA.$defs.decisionEvent.properties).sort()).toEqual(['version', ...Object.keys(DETAIL)].sort());
});
