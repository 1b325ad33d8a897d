import { FIPS_VARIABLE } from '../image/contract/environment';
import { awsServiceHost, ecrHost, fipsRegistry, hasFipsEndpoints } from '../image/registry-hosts';

/**
 * Whether requests to AWS must use FIPS endpoints: the variable of the AWS SDKs, which their clients read themselves.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
 */
export function usesFips(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment[FIPS_VARIABLE]?.trim().toLowerCase() === 'true';
}

/**
 * The host to which the requests for a registry go. Only connections use the FIPS host of Amazon ECR: results and events keep the registry's name.
 *
 * Upstream registries in Regions without FIPS endpoints keep their host. The registry in the Region of the build never does.
 */
export function connectedRegistry(registry: string, environment: NodeJS.ProcessEnv = process.env): string {
  const region = usesFips(environment) ? ecrHost(registry)?.region : undefined;
  if (region === undefined) return registry;
  return hasFipsEndpoints(region) || region === environment.AWS_REGION ? fipsRegistry(registry) : registry;
}

/** The host of an AWS service, as the AWS SDK chooses it. */
export function serviceHost(service: string, region: string): string {
  return awsServiceHost(service, region, { fips: usesFips() });
}
