/** The packages in the languages that jsii generates, and how they are built. */
import { awscdk } from 'projen';

/** The names of the packages, as each language's registry and compiler expect them. How they are published: release.ts. */
export const LANGUAGES = {
  publishToPypi: { distName: 'cdk-ecr-mirror', module: 'cdk_ecr_mirror' },
  publishToMaven: {
    javaPackage: 'io.github.cdkecrmirror', // the name of a Java package has no hyphens
    mavenGroupId: 'io.github.cdk-ecr-mirror', // Maven Central verifies io.github.<organization>
    mavenArtifactId: 'cdk-ecr-mirror',
  },
  publishToNuget: { dotNetNamespace: 'CdkEcrMirror', packageId: 'CdkEcrMirror' },
  publishToGo: { moduleName: 'github.com/cdk-ecr-mirror/cdk-ecr-mirror-go', packageName: 'cdkecrmirror' },
};

/** Builds with Node only: `npm run build` packages JavaScript, and each other language has its own task. */
export function configureLanguages(project: awscdk.AwsCdkConstructLibrary): void {
  // A name that is a reserved word in one of the languages fails the build, as all warnings of jsii do.
  project.compileTask.reset('jsii --fail-on-warnings');
  // What the examples leave behind when they run in place.
  project.gitignore.exclude('__pycache__/', '.venv/', '/examples/languages/java/target/', '/examples/languages/typescript/package-lock.json');
  project.packageTask.reset();
  project.packageTask.spawn(project.tasks.tryFind('package:js')!);
}
