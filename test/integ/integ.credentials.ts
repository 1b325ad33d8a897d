/** Docker Hub with an access token, a private registry, and two namespaces of one registry. */
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { scenario, TEMPORARY } from './scenario';
import { ImageMirror, OnDeploy, RegistryCredentials, RegistrySettings } from '../../src';

scenario('Credentials', (stack) => {
  const secret = (id: string, name: string) => secretsmanager.Secret.fromSecretNameV2(stack, id, name);
  new ImageMirror(stack, 'Mirror', {
    ...TEMPORARY,
    onDeploy: OnDeploy.OFF, // the registry and the secrets do not exist
    images: ['nginx:stable', 'registry.example.com:5000/team/base:2024-06-01', 'ghcr.io/team-a/api:1.4.0'],
    credentials: [
      RegistryCredentials.dockerHub(secret('DockerHub', 'docker-hub-token')),
      RegistryCredentials.fromSecret('registry.example.com:5000', secret('Registry', 'registry'), { usernameField: 'user', passwordField: 'token' }),
      RegistryCredentials.fromSecret('ghcr.io/team-a', secret('TeamA', 'team-a')),
    ],
    registries: [RegistrySettings.of('docker.io', { reservedPulls: 40 })],
  });
});
