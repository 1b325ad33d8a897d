import { isOwnRegistry } from '../../src/cli/mirror-tools';

test.each([
  'localhost', 'localhost:5000', 'registry', 'registry:5000', '127.0.0.1', '127.0.0.1:5000', '10.0.0.7', '[::1]', '[::1]:5000', '[2001:db8::1]', 'registry.example.com:5000', 'registry.example.com:80', 'registry.example.com:443', 'host.docker.internal:5000',
])('%s may be spoken to without TLS', (registry) => {
  expect(isOwnRegistry(registry)).toBe(true);
});

test.each([
  'docker.io', 'registry-1.docker.io', 'quay.io', 'ghcr.io', 'public.ecr.aws', 'registry.example.com', '123456789012.dkr.ecr.eu-west-1.amazonaws.com', '127.0.0.1.example.com',
])('%s keeps TLS', (registry) => {
  expect(isOwnRegistry(registry)).toBe(false);
});
