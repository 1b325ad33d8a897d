/** A user's name and password, or an identity token that stands for both. */
export type Credential =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string };

/** Where credentials come from. */
export interface CredentialSource {
  /**
   * The credentials for a registry; undefined when there are none, which means anonymous access.
   *
   * @param registry the host as image references name it
   * @param refused whether the credentials that were last given were refused, so that expired ones are fetched anew
   */
  credentialFor(registry: string, refused: boolean): Promise<Credential | undefined>;
}

/** Asks several sources in turn; the first that has credentials wins. */
export function firstOf(...sources: CredentialSource[]): CredentialSource {
  return {
    async credentialFor(registry, refused) {
      for (const source of sources) {
        const credential = await source.credentialFor(registry, refused);
        if (credential !== undefined) return credential;
      }
      return undefined;
    },
  };
}
