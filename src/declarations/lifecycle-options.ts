import { Duration, Token } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import { MAX_TAG_LENGTH } from '../image/image-reference';
import { quote } from '../image/sanitize';
import { describeValue } from '../synthesis/shapes';

/** @see https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html */
const MAX_WILDCARDS = 4;
const MAX_DESCRIPTION_LENGTH = 256;

/** The properties of rules that this library renders. A newer version of the CDK can have more. */
const PROPERTIES = ['rulePriority', 'description', 'tagStatus', 'tagPrefixList', 'tagPatternList', 'maxImageCount', 'maxImageAge'];

/**
 * Checks lifecycle rules against the limits of Amazon ECR. Returns them in the order of their evaluation, without priorities: the rules with a
 * `rulePriority` first, and a rule for all images last.
 *
 * @throws Error with all mistakes of the list
 */
export function requireLifecycleRules(rules: readonly ecr.LifecycleRule[]): ecr.LifecycleRule[] {
  if (Token.isUnresolved(rules)) throw new Error('lifecycleRules must be known at synthesis, but it is a list token; write the rules as objects');
  const problems = rules.flatMap((rule, index) => ruleProblems(rule).map((problem) => `lifecycleRules[${index}]: ${problem}`));
  if (problems.length === 0) problems.push(...listProblems(rules));
  if (problems.length === 1) throw new Error(problems[0]);
  if (problems.length > 1) throw new Error([`lifecycleRules has ${problems.length} mistakes:`, ...problems].join('\n  - '));
  const priority = (rule: ecr.LifecycleRule) => selectsAll(rule) ? Infinity : rule.rulePriority ?? Number.MAX_SAFE_INTEGER;
  const ordered = [...rules].sort((one, other) => {
    const [first, second] = [priority(one), priority(other)];
    return first === second ? 0 : first - second;
  });
  return ordered.map(({ rulePriority: _, ...rule }) => rule);
}

/** Whether a rule selects all images, whatever their tags. */
export function selectsAll(rule: ecr.LifecycleRule): boolean {
  return (rule.tagStatus ?? ecr.TagStatus.ANY) === ecr.TagStatus.ANY && rule.tagPrefixList === undefined && rule.tagPatternList === undefined;
}

/** The tag patterns of a rule, in the syntax of `image/tag-patterns.ts`. A selected image has a matching tag for each of them. */
export function selectedPatterns({ tagPrefixList, tagPatternList }: ecr.LifecycleRule): string[] {
  return [...tagPatternList ?? [], ...(tagPrefixList ?? []).map((prefix) => `${prefix}*`)];
}

/** A rule in messages: by its description, or by what it selects. */
export function describeRule(rule: ecr.LifecycleRule): string {
  if (rule.description !== undefined) return `the lifecycle rule ${quote(rule.description)}`;
  return selectsAll(rule) ? 'the lifecycle rule for all images' : `the lifecycle rule for ${selectedPatterns(rule).map(quote).join(' and ')}`;
}

/** Rules that are valid one by one can contradict each other. */
function listProblems(rules: readonly ecr.LifecycleRule[]): string[] {
  const priorities = rules.flatMap(({ rulePriority }) => rulePriority ?? []);
  const all = rules.filter(selectsAll);
  const selections = rules.map((rule) => JSON.stringify(selectedPatterns(rule).sort()));
  const [duplicate] = priorities.filter((priority, index) => priorities.indexOf(priority) !== index);
  const [again] = rules.filter((rule, index) => !selectsAll(rule) && selections.indexOf(selections[index]) !== index);
  return [
    ...duplicate === undefined ? [] : [`lifecycleRules has the rulePriority ${duplicate} twice; give each rule another one, or none`],
    ...again === undefined ? [] : [`lifecycleRules has ${describeRule(again)} twice with the same tags; remove one of them`],
    ...all.length > 1 ? ['lifecycleRules has several rules for all images, but Amazon ECR allows one; remove the others'] : [],
    ...all.some(({ rulePriority = Infinity }) => priorities.some((priority) => priority > rulePriority))
      ? ['lifecycleRules has a rule for all images before other rules, but Amazon ECR evaluates it last; remove its rulePriority'] : [],
  ];
}

function ruleProblems(rule: ecr.LifecycleRule): string[] {
  if (Object(rule) !== rule || Array.isArray(rule)) return [`it must be an object, but it is ${describeValue(rule)}`];
  const { description, maxImageAge, maxImageCount, rulePriority } = rule;
  const unknown = Object.keys(rule).filter((name) => !PROPERTIES.includes(name));
  return [
    ...unknown.map((name) => `${quote(name)} is not supported; use ${PROPERTIES.join(', ')}`),
    ...selectionProblems(rule),
    ...(maxImageAge === undefined) === (maxImageCount === undefined) ? ['set either maxImageCount or maxImageAge'] : [],
    ...countProblems('maxImageCount', maxImageCount),
    ...maxImageAge === undefined || isDays(maxImageAge)
      ? [] : ['maxImageAge must be a whole number of days, at least 1; use for example Duration.days(90)'],
    ...countProblems('rulePriority', rulePriority),
    ...description === undefined || isText(description, MAX_DESCRIPTION_LENGTH)
      ? [] : [`description must be a string of at most ${MAX_DESCRIPTION_LENGTH} characters, without tokens`],
  ];
}

function selectionProblems(rule: ecr.LifecycleRule): string[] {
  const { tagPatternList, tagPrefixList, tagStatus } = rule;
  if (tagStatus === ecr.TagStatus.UNTAGGED) {
    return ['it selects untagged images, but Amazon ECR allows one such rule, and the mirror defines it; set untaggedImageExpiry instead'];
  }
  if (tagStatus !== undefined && !Object.values(ecr.TagStatus).includes(tagStatus)) return ['tagStatus must be a value of ecr.TagStatus'];
  const lists = Object.entries({ tagPatternList, tagPrefixList }).flatMap(([name, list]) => list === undefined ? [] : [{ name, list }]);
  if (lists.length > 1) return ['it has both tagPatternList and tagPrefixList; remove one of them'];
  const [chosen] = lists;
  if (chosen === undefined) {
    return tagStatus === ecr.TagStatus.TAGGED ? ['tagStatus is TAGGED, which needs tagPatternList or tagPrefixList; add one of them'] : [];
  }
  if (tagStatus === ecr.TagStatus.ANY) return [`tagStatus is ANY, but ${chosen.name} selects tagged images; remove one of them`];
  return listOfTagsProblems(chosen.name, chosen.list);
}

function listOfTagsProblems(name: string, list: readonly string[]): string[] {
  if (!Array.isArray(list) || Token.isUnresolved(list)) return [`${name} must be a list of strings that is known at synthesis`];
  if (list.length === 0) return [`${name} is empty; add at least one tag, or remove the rule`];
  const characters = name === 'tagPrefixList' ? /^[A-Za-z0-9_.-]+$/ : /^[A-Za-z0-9_.*-]+$/;
  return list.flatMap((text) => {
    const isTag = isText(text, MAX_TAG_LENGTH) && text !== '';
    if (!isTag) return [`each item of ${name} must be a string of 1 to ${MAX_TAG_LENGTH} characters, without tokens`];
    if (!characters.test(text)) return [`${quote(text)} in ${name} has a character that is not valid in a tag; only tagPatternList supports "*"`];
    const wildcards = text.split('*').length - 1;
    return wildcards > MAX_WILDCARDS ? [`${quote(text)} in ${name} has ${wildcards} wildcards, but Amazon ECR allows ${MAX_WILDCARDS}`] : [];
  });
}

function countProblems(name: string, value: number | undefined): string[] {
  const isToken = Token.isUnresolved(value);
  if (value === undefined || (!isToken && Number.isSafeInteger(value) && value >= 1)) return [];
  return [`${name} must be a whole number of at least 1, but it is ${isToken ? 'a token' : describeValue(value)}`];
}

function isDays(value: Duration): boolean {
  if (typeof (value as Partial<Duration>).toDays !== 'function' || value.isUnresolved()) return false;
  const days = value.toDays({ integral: false });
  return Number.isInteger(days) && days >= 1;
}

function isText(value: string, maxLength: number): boolean {
  return typeof value === 'string' && !Token.isUnresolved(value) && value.length <= maxLength;
}
