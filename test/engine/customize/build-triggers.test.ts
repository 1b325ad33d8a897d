/** Instructions that an image has for whoever builds on it. */
import { triggersProblem } from '../../../src/engine/customize/build-triggers';

const WITH_TRIGGERS = /^has ONBUILD instructions, which would run before your Dockerfile lines; use an image without ONBUILD, or /;
const AMBIGUOUS = /^has a configuration that is not valid JSON or has duplicate fields/;

test.each([
  '{}',
  '{"config":null}',
  '{"config":{}}',
  '{"config":{"OnBuild":null}}',
  '{"config":{"OnBuild":[]}}',
  '{"config":{"Labels":{"onbuild":"RUN whoami","config":"a"}},"history":[{"created_by":"\\"OnBuild\\": [\\"RUN whoami\\"]"}]}',
  '{"config":{"Cmd":["\\\\",":"]},"container_config":{"OnBuild":["RUN whoami"]}}',
])('%s has none', (text) => {
  expect(triggersProblem(text)).toBeUndefined();
});

test.each([
  '{"config":{"OnBuild":["RUN whoami"]}}',
  '{"config":{"OnBuild":["COPY --from=evil/shell / /"],"Cmd":["sh"]}}',
  '{"config":{"onbuild":["RUN whoami"]}}',
  '{"Config":{"ONBUILD":["RUN whoami"]}}',
  '{"config":{},"CONFIG":{"OnBuild":["RUN whoami"]}}',
  '{"config":{"OnBuild":[],"ONBUILD":["RUN whoami"]}}',
  '{"config":{"On\\u0042uild":["RUN whoami"]}}',
  '{"config":{"OnBuild":"RUN whoami"}}',
  '{"config":{"OnBuild":{"a":"RUN whoami"}}}',
])('%s has some, as Docker reads it', (text) => {
  expect(triggersProblem(text)).toMatch(WITH_TRIGGERS);
});

test.each([
  '',
  'nonsense',
  '{"config":{"OnBuild":["RUN whoami"]},"config":{}}',
  '{"config":{"OnBuild":["RUN whoami"],"OnBuild":[]}}',
  '{"config":{"OnBuild":["RUN whoami"],"On\\u0042uild":null}}',
])('%s is read in two ways, or in none', (text) => {
  expect(triggersProblem(text)).toMatch(AMBIGUOUS);
});
