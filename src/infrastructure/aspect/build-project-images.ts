import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { ImageUser } from './image-use';
import { knownOf, Properties, section } from './properties';

/** Images that CodeBuild keeps on its own hosts. They look like images of Docker Hub. */
const CURATED = /^aws\/codebuild\//;

/** The image of a CodeBuild project's environment. */
export const buildProjectImages: ImageUser = {
  uses: ({ Environment }) => {
    const { Image: image } = section(Environment);
    if (typeof image === 'string' && CURATED.test(image)) return [];
    return [{
      user: 'the build environment',
      path: 'Environment.Image',
      image,
      settings: { 'Environment.ImagePullCredentialsType': codebuild.ImagePullPrincipalType.SERVICE_ROLE, 'Environment.RegistryCredential': undefined },
      rolePath: 'ServiceRole',
    }];
  },

  knownProperties: (resource) => {
    if (!(resource instanceof codebuild.CfnProject)) return {};
    const { environment, serviceRole } = resource;
    return knownOf({ environment, serviceRole }) as Properties;
  },

  role: ({ node: { scope } }) => scope instanceof codebuild.Project ? scope : undefined,

  container: () => undefined,
};
