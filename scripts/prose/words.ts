/** Words and phrases that the pages avoid, and what to write instead. */
import type { Replacement } from './prose';

/** Literary or vague words, with the word of the field. */
export const PLAIN_WORDS: readonly Replacement[] = [
  [/\bwhose\b/gi, 'write "with", "of which", or a second sentence'],
  [/\bbesides\b/gi, 'write "also" or "in addition to"'],
  [/\banew\b/gi, 'write "again" or "changed"'],
  [/\bmend(?:s|ed|ing)?\b/gi, 'write "fix"'],
  [/\b(?:tells?|told|telling)\b/gi, 'write "show", "report", or "specify"'],
  [/\b(?:nobody|no one|whoever|somebody|someone|anybody)\b/gi, 'name the user, role, or service'],
  [/\bno longer than it is\b/gi, 'write the limit'],
  [/\b(?:takes?|took) no\b/gi, 'write "doesn\'t support" or "doesn\'t accept"'],
  [/\bknows? (?:no|nothing|of)\b/gi, 'write "doesn\'t support" or "doesn\'t have"'],
  [/(?<!\bthere\s)\b(?:is|are|was|were) no (?!(?:longer|more|less)\b)[\w-]+/gi, 'write "is not a …" or "doesn\'t have …"'],
  [/(?<!\bthere\s)\b(?:is|are) none\b/gi, 'write what is missing'],
  [/\b(?:is|are) another than\b|\banother than\b/gi, 'write "different from"'],
  [/\bsuch as is\b/gi, 'write what it is'],
  [/\bas (?:it|they) stands?\b/gi, 'write "unchanged" or "currently"'],
  [/\bwhat (?:it|that|this) comes to\b/gi, 'write "the cost" or "the result"'],
  [/\bcom(?:es?|ing) past\b/gi, 'write "bypass"'],
  [/\bthe way out\b/gi, 'write "to opt out"'],
  [/\bbehind (?:your|its|their) backs?\b/gi, 'write "without a change in your app"'],
  [/\b(?:says?|said|saying) so\b/gi, 'write what the text or error contains'],
  [/\bleaves? (?:\w+ ){1,3}alone\b/gi, 'write "doesn\'t change" or "keeps"'],
  [/\bin the same way as told\b|\bas told\b/gi, 'write "as specified"'],
  [/\bworth a line\b/gi, 'write the figure'],
  [/\bnothing else\b|\band no more\b/gi, 'write "only"'],
  [/\blikewise\b/gi, 'write "also" or "the same"'],
  [/\b(?:hence|thus|thereby|whereby|wherein|thereof|therein|lest|ought|shall|amid|whilst|amongst)\b/gi, 'write a plain word'],
  [/(?<=^\s*|[.]\s+)(?:What|Whatever|Whichever)\s+\w+(?=(?:\s+\S+){3})/g, 'start with the subject: the image, the build, the role'],
  [/\bupon\b/gi, 'write "on" or "when"'],
  [/\butili[sz](?:e|es|ed|ing|ation)\b/gi, 'write "use"'],
  [/\bin order to\b/gi, 'write "to"'],
  [/\b(?:e\.g\.|i\.e\.|etc\.)/gi, 'write "for example", "that is", or the whole list'],
];

/** Words that judge how hard something is. */
export const JUDGING_WORDS: readonly Replacement[] = [
  [/\b(?:simply|just|easy|easily|easier|obvious|obviously|of course|trivial|trivially|merely)\b/gi, 'remove it, or write what is needed'],
];

/** "for" in the sense of "because". */
export const CAUSAL_FOR: readonly Replacement[] = [
  [/[,;:]\s+for\s+(?:it|they|this|that|there|these|those|we|you|he|she|nothing|none)\b(?!\s+(?:reason|purpose|case)\b)/gi,
    'write "because", or start a new sentence'],
  [new RegExp('[,;:]\\s+for\\s+(?:the|a|an|its|their|each|no|only|all|some|many|most|AWS|Amazon|ECR)\\s+(?:(?!which|that|who|where)[\\w\'-]+\\s+){1,5}'
    + '(?:is|are|was|were|has|have|had|can|cannot|may|must|does|do|will|would)\\b', 'g'), 'write "because", or start a new sentence'],
];

const ISE = 'authori|categori|customi|emphasi|finali|generali|initiali|materiali|minimi|normali|optimi|organi|paralleli|prioriti|reali|'
  + 'recogni|seriali|speciali|standardi|summari|synchroni|synthesi|tokeni|visuali';

/** British spelling, with the American one. */
export const AMERICAN_SPELLING: readonly Replacement[] = [
  [/\bcatalogue(?:s|d)?\b/gi, 'write "catalog"'],
  [new RegExp(`\\b(?:un|re)?(?:${ISE})s(?:e|es|ed|ing|er|ers|ation|ations)\\b`, 'gi'), 'write it with "z"'],
  [/\banalys(?:e|ed|es|ing)\b(?<!analyses)/gi, 'write "analyze"'],
  [/\b(?:behaviour|colour|favour|flavour|honour|labour|neighbour|rumour|endeavour)\w*\b/gi, 'write it with "or"'],
  [/\b(?:favourite|centre|fibre|theatre)s?\b/gi, 'write the American spelling, such as "center"'],
  [/\blicen[c]e(?:s|d)?\b/gi, 'write "license"'],
  [/\b(?:defence|offence|pretence)s?\b/gi, 'write it with "se"'],
  [/\b(?:cancel|label|model|signal|travel|tunnel|channel|fuel|level|marshal)l(?:ed|ing|er)\b/gi, 'write it with one "l"'],
  [/\b(?:artefact|programme|grey|judgement|acknowledgement|learnt|spelt|burnt|whilst)s?\b/gi, 'write the American spelling'],
  [/\b(?:fulfil|enrol)s?\b/gi, 'write it with "ll"'],
  [/\b(?:towards|afterwards)\b/gi, 'write it without "s"'],
];
