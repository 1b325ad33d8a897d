/** The GitHub Actions that workflows use, each pinned to the commit of its release. */

/** The commit and the version of each action. To update one, look up the commit of the tag in the action's repository. */
const PINNED_ACTIONS: Record<string, { readonly commit: string; readonly version: string }> = {
  'actions/attest-build-provenance': { commit: 'a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32', version: 'v4.1.0' },
  'actions/checkout': { commit: '3d3c42e5aac5ba805825da76410c181273ba90b1', version: 'v7.0.1' },
  'actions/download-artifact': { commit: '3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c', version: 'v8.0.1' },
  'actions/setup-dotnet': { commit: 'a98b56852c35b8e3190ac28c8c2271da59106c68', version: 'v6.0.0' },
  'actions/setup-go': { commit: 'b7ad1dad31e06c5925ef5d2fc7ad053ef454303e', version: 'v7.0.0' },
  'actions/setup-java': { commit: 'b6effb05e454b25005698d916606bdc6ffcbf961', version: 'v5.7.0' },
  'actions/setup-node': { commit: '820762786026740c76f36085b0efc47a31fe5020', version: 'v7.0.0' },
  'actions/setup-python': { commit: '5fda3b95a4ea91299a34e894583c3862153e4b97', version: 'v7.0.0' },
  'actions/upload-artifact': { commit: '043fb46d1a93c77aae656e7c1c64a875d1fc6a0a', version: 'v7.0.1' },
  'amannn/action-semantic-pull-request': { commit: '48f256284bd46cdaab1048c3721360e808335d50', version: 'v6.1.1' },
};

/** `owner/name@commit` of an action, whatever version it was requested with. */
export function pinned(action: string): string {
  const name = action.split('@')[0];
  const pin = PINNED_ACTIONS[name];
  if (!pin) throw new Error(`"${action}": this action has no commit; add it to PINNED_ACTIONS in projenrc/actions.ts`);
  return `${name}@${pin.commit}`;
}

/** Writes the version of each pinned action as a comment, so that reviewers can read it. */
export function withVersionComments(workflow: string): string {
  return workflow.replace(/uses: ([\w-]+\/[\w-]+)@[0-9a-f]{40}$/gm, (uses, name) => `${uses} # ${PINNED_ACTIONS[name].version}`);
}
