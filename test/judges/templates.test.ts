/** All templates, judged by programs and data of others: cfn-lint, AWS's event-ruler, botocore's models, and the service authorization data. */
import * as path from 'node:path';
import { changesOf, engineEvents, ofImage, scanEvents } from './event-samples';
import { findingsOf, statementsIn } from './iam-findings';
import { REGION_WITHOUT_CODEBUILD } from './judged-apps';
import { JudgedTemplate, JudgedTemplates } from './judged-templates';
import { arePythonJudgesInstalled, AwsCall, isEventRulerInstalled, lint, matchWithEventRuler, validateCalls } from './programs';
import { matchesPattern } from '../support/event-pattern';

/** Findings of cfn-lint that are acceptable, each with the reason. */
const ACCEPTABLE: Readonly<Record<string, string>> = {
  W3005: 'DependsOn repeats what a reference says already: the CDK writes it for roles, and explicit dependencies on repositories and lists are intended',
  W3010: 'Availability Zones are in the template of a stack with a known environment: the CDK looks them up, and the app that imports the VPC chose them',
};

/** On a busy machine, in milliseconds. */
const LONGEST = 600_000;

let judged: JudgedTemplates;
beforeAll(async () => {
  judged = await JudgedTemplates.synthesize();
}, LONGEST);
afterAll(() => judged.dispose());

/** All resources of all templates, with resolved properties. */
function resources(type?: string): { readonly name: string; readonly type: string; readonly properties: Record<string, any> }[] {
  return judged.templates.flatMap(({ name, template, resolver }: JudgedTemplate) => Object.entries(template.Resources ?? {})
    .filter(([, { Type }]) => type === undefined || Type === type)
    .map(([id, { Type }]) => ({ name: `${name}/${id}`, type: Type, properties: resolver.properties(id) })));
}

(arePythonJudgesInstalled() ? describe : describe.skip)('cfn-lint', () => {
  test('finds nothing in the templates but what is listed with a reason', async () => {
    const files = judged.templates.map(({ file }) => file);
    // Two processes, for cfn-lint uses one processor.
    const found = (await Promise.all([0, 1].map((half) => lint(files.filter((_, index) => index % 2 === half))))).flat();
    const unknown = found.filter(({ Rule }) => ACCEPTABLE[Rule.Id] === undefined).map(({ Rule, Filename, Location, Message }) => {
      return `${Rule.Id} ${path.relative(judged.folder, Filename)} ${Location.Path?.join('/')}: ${Message}`;
    });
    const isExpected = (finding: string) => finding.startsWith('E3006 new-region/') && finding.endsWith(`in '${REGION_WITHOUT_CODEBUILD}'`);
    expect(unknown.filter((finding) => !isExpected(finding))).toEqual([]);
    // Shows that Regions are judged.
    expect(unknown.filter(isExpected)).toEqual([expect.stringContaining('AWS::CodeBuild::Project')]);
  }, LONGEST);
});

(arePythonJudgesInstalled() ? describe : describe.skip)('botocore', () => {
  test('accepts all inputs with which schedules and rules start builds', async () => {
    const calls = [...scheduledBuilds(), ...ruledBuilds()];
    expect(calls.length).toBeGreaterThan(20);
    const findings = await validateCalls(calls.map(({ call }) => call));
    expect(calls.flatMap(({ name }, index) => findings[index].map((finding) => `${name}: ${finding}`))).toEqual([]);
  });
});

/** EventBridge Scheduler adds the name of the project to the input. */
function scheduledBuilds(): { readonly name: string; readonly call: AwsCall }[] {
  return resources('AWS::Scheduler::Schedule').map(({ name, properties: { Target } }) => {
    return { name, call: startBuild({ projectName: String(Target.Arn).split('/').pop(), ...JSON.parse(Target.Input) }) };
  });
}

function ruledBuilds(): { readonly name: string; readonly call: AwsCall }[] {
  return resources('AWS::Events::Rule').flatMap(({ name, properties: { Targets = [] } }) => Targets
    .filter(({ Arn, InputTransformer }: any) => String(Arn).includes(':codebuild:') && InputTransformer !== undefined)
    .map(({ Arn, InputTransformer }: any) => {
      const input = JSON.parse(String(InputTransformer.InputTemplate).replace(/<[^>]+>/g, 'value'));
      return { name, call: startBuild({ projectName: String(Arn).split('/').pop(), ...input }) };
    }));
}

function startBuild(input: object): AwsCall {
  return { service: 'codebuild', operation: 'StartBuild', input };
}

(isEventRulerInstalled() ? describe : describe.skip)('AWS\'s event-ruler', () => {
  test('accepts all event patterns, and matches the same events as the matcher of these tests', async () => {
    const patterns = [...new Set(resources('AWS::Events::Rule').map(({ properties }) => JSON.stringify(properties.EventPattern)))];
    const events = await sampleEvents(patterns);
    const verdicts = await matchWithEventRuler(patterns.map((pattern) => JSON.parse(pattern)), events);
    verdicts.forEach((verdict, index) => {
      const pattern = JSON.parse(patterns[index]);
      if ('error' in verdict) throw new Error(`${patterns[index]} is not a pattern: ${verdict.error}`);
      const differences = events.filter((event, at) => matchesPattern(pattern, event) !== verdict.matches[at]);
      expect({ pattern, differences }).toEqual({ pattern, differences: [] });
      expect([pattern, new Set(verdict.matches)]).toEqual([pattern, new Set([true, false])]);
    });
  });
});

/** Events that the patterns may mean. */
async function sampleEvents(patterns: readonly string[]): Promise<object[]> {
  const builds = new Set(patterns.flatMap((pattern) => pattern.match(/arn:[^"]*:build\/[^"]*:/g) ?? []));
  const put = await engineEvents(`${[...builds][0]}00000000-0000-4000-8000-000000000000`);
  const images = patterns.map((pattern) => JSON.parse(pattern).detail).filter((detail) => detail?.repository !== undefined);
  const parsed = patterns.map((pattern) => JSON.parse(pattern));
  // The engine holds an image only after a run with a quarantine. The patterns of its events differ in the detail type only.
  const types = new Set<string>(parsed.filter(({ source }) => source?.[0] === put[0].source).flatMap((pattern) => pattern['detail-type'] ?? []));
  const others = [...types].filter((type) => !put.some((event) => event['detail-type'] === type));
  put.push(...others.map((type) => ({ ...put[0], 'detail-type': type })));
  const own = [...put, ...images.flatMap(({ repository, source }) => put.map((event) => ofImage(event, source[0], repository[0])))];
  const ofBuilds = [...builds].flatMap((build) => own.map((event) => ({ ...event, resources: [`${build}1`, ...event.resources.slice(1)] })));
  const repositories = new Set(patterns.flatMap((pattern) => pattern.match(/arn:[^"]*:repository\/[^"]*/g) ?? []));
  const held = parsed.flatMap(({ detail, resources: arns }) => {
    const prefixes: string[] = (detail?.['image-tags'] ?? []).flatMap(({ prefix }: { prefix?: string }) => prefix ?? []);
    return prefixes.flatMap((prefix) => scanEvents(arns[0], `${prefix}0`));
  });
  const scans = [...held, ...[...repositories].flatMap((prefix) => scanEvents(`${prefix}nginx`))];
  const all = [...new Set([...ofBuilds, ...scans].map((event) => JSON.stringify(event)))].map((text) => JSON.parse(text) as object);
  return [...all, ...[...put, ...scans].flatMap(changesOf)];
}

describe('the service authorization data', () => {
  test('has all actions, resource types, and condition keys of all policies', async () => {
    const statements = resources().flatMap(({ name, properties }) => statementsIn(properties).map((statement) => ({ name, statement })));
    const all = new Map(statements.map((one) => [JSON.stringify(one.statement), one]));
    expect(all.size).toBeGreaterThan(50);
    const findings = await Promise.all([...all.values()].map(async ({ name, statement }) => (await findingsOf(statement)).map((finding) => `${name}: ${finding}`)));
    expect(findings.flat()).toEqual([]);
  });
});
