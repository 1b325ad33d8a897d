import { Stack } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { DecisionProjectProps, defineDecisionProject } from './decision-project';
import { IImageMirror, MirrorParts } from '../declarations/mirror-interfaces';
import { DECISION_ENVIRONMENT, PROJECT_ENVIRONMENT } from '../image/contract/environment';
import { addVariables } from '../project/added-variables';
import { startBuildStatements } from '../project/start-build-statements';

/** The repositories of the checks of a mirror. */
interface CheckRepositories {
  readonly quarantine: ecr.IRepository;
  readonly decisions: ecr.IRepository;
}

/** The quarantine of a mirror, as far as decisions need it. */
export interface DecidedQuarantine extends CheckRepositories {
  /** Calls a function when the first image or catalog with checks is added, or now if there is one. */
  onceRequired(listener: (repositories: CheckRepositories) => void): void;
}

/** The parts of a mirror that its decisions need. */
export interface MirrorDecisionsProps extends Omit<DecisionProjectProps, keyof CheckRepositories> {
  readonly quarantine: DecidedQuarantine;
}

const PARTS = new MirrorParts<MirrorDecisions>('decisions');

/** The decisions of people about the images of a mirror. Their project is defined with the first image or catalog that has checks. */
export class MirrorDecisions {
  /**
   * The decisions of a mirror.
   *
   * @throws Error when the app does not define the mirror
   */
  public static of(mirror: IImageMirror): MirrorDecisions {
    return PARTS.of(mirror);
  }

  private project?: codebuild.Project;

  constructor(private readonly mirror: IImageMirror & Construct, private readonly props: MirrorDecisionsProps) {
    PARTS.set(mirror, this);
    props.quarantine.onceRequired((repositories) => { this.define(repositories); });
  }

  /** Allows a principal to release and refuse images with the commands. The project is defined now if no image has checks yet. */
  public grant(grantee: iam.IGrantable): iam.Grant {
    const project = this.define(this.props.quarantine);
    const [allow, ...denied] = startBuildStatements({ project, variables: Object.values(DECISION_ENVIRONMENT) });
    const grant = iam.Grant.addToPrincipal({ grantee, actions: allow.actions, resourceArns: allow.resources });
    for (const statement of [...denied, ...this.readStatements(project)]) grantee.grantPrincipal.addToPrincipalPolicy(statement);
    return grant;
  }

  private define({ decisions, quarantine }: CheckRepositories): codebuild.Project {
    if (this.project !== undefined) return this.project;
    const { mirror, props } = this;
    const project = this.project = defineDecisionProject(new Construct(mirror, 'DecisionBuilds'), { ...props, decisions, quarantine });
    addVariables(props.builds.project, () => [[PROJECT_ENVIRONMENT.DECISION_PROJECT, project.projectName]]);
    return project;
  }

  /** The permissions of the commands to find the project and the image, and to follow the build. */
  private readStatements({ projectArn }: codebuild.Project): iam.PolicyStatement[] {
    const { builds, logGroup } = this.props;
    const { stackId } = Stack.of(this.mirror);
    const stackActions = ['DescribeStackResources', 'DescribeStacks', 'GetTemplate', 'ListStackResources'].map((name) => `cloudformation:${name}`);
    return [
      new iam.PolicyStatement({ actions: stackActions, resources: [stackId] }),
      new iam.PolicyStatement({ actions: ['codebuild:BatchGetProjects'], resources: [builds.project.projectArn, projectArn] }),
      new iam.PolicyStatement({ actions: ['codebuild:BatchGetBuilds'], resources: [projectArn] }),
      // The action does not support resource-level permissions. It finds the mirror if no option names it.
      new iam.PolicyStatement({ actions: ['codebuild:ListProjects'], resources: ['*'] }),
      new iam.PolicyStatement({ actions: ['logs:GetLogEvents'], resources: [logGroup.logGroupArn] }),
    ];
  }
}
