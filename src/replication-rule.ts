/**
 * Where images are replicated to.
 */
export interface ReplicationDestination {
  /**
   * The Region, for example `eu-central-1`.
   */
  readonly region: string;

  /**
   * The account, 12 digits. Another than the mirror's needs a `MirrorReplicationDestination` there.
   *
   * @default - the mirror's account
   */
  readonly account?: string;
}

/**
 * One rule of the replication of an account's registry in one Region.
 */
export interface ReplicationRule {
  /**
   * Where images are replicated to.
   */
  readonly destinations: ReplicationDestination[];

  /**
   * What the names of the repositories start with; each is compared letter by letter, so that `prod` stands for `production/app` too. At most 100.
   *
   * @default - all repositories
   */
  readonly repositoryPrefixes?: string[];
}
