import * as fc from 'fast-check';
import { tagKind } from '../../src/image/tag-kind';

test.each([
  // full versions
  '7.11.2', 'v2.53.0', '3.9.19-slim-bookworm', '1.2.3.4', '10.0.20348.2227', '1.25.3-alpine3.18-slim', '2.440.1-lts', '17.0.10_7-jre', '1.2.3-rc.1', '3.13.0a1',
  '16.8.1-ce.0', '6.4.3-php8.2-apache', '7.2.4-debian-12-r9', '1.20.0-debug', 'v1.41.2-jammy', 'release-1.2.3', 'alpine-v16.8.0', '2.13.1-pg16', '8.0.2-jammy-amd64',
  // dates
  '20240131', '2024-01-31', '2024.01.31', '2024_01_31', 'v20240131', 'jammy-20240111', 'bookworm-20240110-slim', '121.0-20240206', 'RELEASE.2024-01-16T16-07-38Z',
  'base-20240101.0.204074', '2023.3.20240131.0', 'nightly-20240131',
  // git hashes
  '1a2b3c4', 'c0ffee0dec0de', 'sha-1a2b3c4', 'git-1a2b3c4', 'main-1a2b3c4', 'sha-1234567', 'git-1234567', 'commit-1234567', 'sha-deadbeef', '0123456789abcdef0123456789abcdef01234567', `sha-${'0123456789'.repeat(4)}`,
  '0123456789abcdef'.repeat(4), '1a2b3c4-alpine', 'sha-1a2b3c4-amd64', 'sha-1234567-amd64', 'v1.2-5-g1a2b3c4', 'latest-1a2b3c4', '1.2-1a2b3c4-slim', '1.0.0-dev.1a2b3c4',
  // a channel that is a flavor, or the name of a release line
  '1.2.3-devel', '1.2.3-dev-jammy', '1.2.3-stable-slim', '1.2.3-alpine-edge', '1.2.3-debian-testing', 'stable-1.2.3', 'edge-1.2.3', 'dev-v1.2.3', 'main-1.2.3',
  // a numbered build of a channel
  '1.2.3-dev.1', '1.2.3-dev1', '1.2.3-canary.12', '1.2.3-next.0', '1.2.3-nightly.20240131', '1.2.3-nightly.5', '1.2.3-SNAPSHOT.7',
  // this library's own
  'digest-0123456789ab', 'digest-000000000000',
])('%s is fixed', (tag) => {
  expect(tagKind(tag)).toBe('fixed');
});

test.each([
  // words
  'latest', 'stable', 'alpine', 'main', 'nightly', 'edge', 'lts', 'bookworm', 'jammy', 'debug', 'rootless', 'RELEASE',
  // versions that more releases will follow
  '3', 'v1', '1.14', 'v3.10', '22.04', '24.1', '12.4-slim', '8.0-jammy-amd64', '1.27-alpine3.19-slim', '16-3.4', 'release-1.2',
  // the version of something else
  '1-alpine3.19.1', '8-jdk-17.0.2', '3-eclipse-temurin-17.0.10', 'alpine3.19', 'ubi9', 'al2023', 'ltsc2022', 'pg16', 'jdk17',
  // full versions that still move
  '1.2.3-SNAPSHOT', '1.2.3-latest', '999.0.0-SNAPSHOT', '1.2.3-dev', '1.2.3-nightly', 'latest-1.2.3', 'nightly-1.2.3', '1.2.3-dirty', '1a2b3c4-dirty', '1.2.3-edge-arm64', 'v1.2.3_master', '1.2.3.main',
  '1.2.3-daily', '1.2.3-jammy-weekly', '1.2.3-dev-linux-arm64', '1.2.3-22.04_edge',
  // what only looks like a hash or date
  'defaced', 'deadbeef', '1234567', 'foo-1234567', 'foo-deadbeef', 'sha-123456', 'f37', '20241301', '20240132', '19990101', '120240131', '202401310', '2024-0131', '2024-01',
  // digests that OCI and cosign use, which follow their subject
  'sha256-0123', 'digest-0123', 'digest-0123456789AB',
])('%s is floating', (tag) => {
  expect(tagKind(tag)).toBe('floating');
});

/** Tags of public images. */
const FIXED = `
nvidia/cuda: 12.2.0-devel-ubuntu22.04 11.8.0-cudnn8-devel-ubuntu20.04 12.4.1-runtime-rockylinux8 12.2.0-devel
pytorch/pytorch: 2.1.0-cuda12.1-cudnn8-devel 2.1.0-cuda12.1-cudnn8-runtime
cr.l5d.io/linkerd/proxy: stable-2.14.10 edge-24.2.4 edge-24.2.1
cr.l5d.io/linkerd/proxy-init: v2.3.0
rclone/docker-volume-rclone: arm64-1.56.2 amd64-1.56.2
fluent/fluent-bit: 3.1.8 windows-2022-3.1.8 windows-2019-3.1.8 arm64v8-1.9.9 3.1.8-debug
grafana/promtail: 2.9.4-arm64 main-1a2b3c4 k189-1a2b3c4
calico/node: v3.27.2 v3.27.2-arm64 v3.27.2-0.dev-12-g1a2b3c4d5e6f
eclipse-temurin: 8u402-b06-jdk 8u402-b06-jre-alpine 17.0.10_7-jre 21.0.2_13-jdk-jammy 21_35-jdk 8u402-b06-jdk-windowsservercore-ltsc2022
adoptopenjdk/openjdk8: jdk8u262-b10-alpine jdk8u262-b10
ibm-semeru-runtimes: open-11.0.22_7-jdk open-8u402-b06-jre
openjdk: 8u342 8u342-jdk-slim 23-ea-12-jdk-oracle 17.0.2-slim
azul/zulu-openjdk: 17.0.10-17.48 11.0.22
amazoncorretto: 17.0.10 8u402-al2 17.0.10-al2023
minio/minio: RELEASE.2024-01-16T16-07-38Z RELEASE.2023-11-20T22-40-07Z.fips
minio/mc: RELEASE.2024-01-16T16-06-34Z
jenkins/jenkins: 2.440.1-lts 2.440.1-lts-jdk17 2.440.1-alpine-jdk17
apache/airflow: 2.8.1 2.8.1-python3.11 slim-2.8.1-python3.11
apache/spark: 3.5.0 3.5.0-scala2.12-java11-python3-ubuntu
flink: 1.18.1-scala_2.12-java11
tianon/postgres: 16.2.0
timescale/timescaledb: 2.13.1-pg16 2.14.0-pg15-oss
tensorchord/pgvecto-rs: pg16-v0.2.1 pg15-v0.2.0
pgvector/pgvector: 0.6.0-pg16
bitnami/postgresql: 16.2.0-debian-11-r1 15.4.0-debian-11-r45
bitnami/kafka: 3.6.1-debian-12-r12
python: 3.12.2 3.12.2-slim-bookworm 3.13.0a4 3.13.0rc1-alpine3.19 3.11.8-windowsservercore-1809
node: 20.11.1 20.11.1-alpine3.19 21.6.2-bookworm-slim
golang: 1.22.0 1.22.0-alpine3.19 1.21.7-nanoserver-1809 1.22.0-windowsservercore-ltsc2022
php: 8.3.3-fpm-alpine3.19 8.2.16-apache-bookworm
wordpress: 6.4.3-php8.2-apache cli-2.9.0-php8.2
composer: 2.7.1
nginx: 1.25.4-alpine3.18-slim 1.25.4-bookworm-perl
nginxinc/nginx-unprivileged: 1.25.4-alpine
haproxy: 2.9.5-alpine3.19 3.0.0-debian
traefik: v2.11.0 v3.0.0-rc1 v2.11.0-windowsservercore-1809
redis: 7.2.4-alpine3.19 7.2.4-bookworm
debian: bookworm-20240211 bookworm-20240211-slim
ubuntu: jammy-20240227
archlinux: base-20240101.0.204074 base-devel-20240101.0.204074
opensuse/leap: 15.5.1
amazonlinux: 2023.3.20240131.0 2.0.20240131.0
photon: 4.0-20240211 5.0-20240128
mcr.microsoft.com/dotnet/aspnet: 8.0.2-jammy-amd64 8.0.2-nanoserver-1809 8.0.0-preview.3 9.0.0-preview.1-noble
mcr.microsoft.com/windows/servercore: 10.0.20348.2227 10.0.17763.5458
mcr.microsoft.com/playwright: v1.41.2-jammy
mcr.microsoft.com/oss/kubernetes/pause: 3.9.0
gitlab/gitlab-runner: alpine-v16.8.0 alpine3.18-v16.8.0 ubuntu-v16.8.0
gitlab/gitlab-ce: 16.8.1-ce.0
registry.gitlab.com/gitlab-org/gitlab-runner/gitlab-runner-helper: x86_64-v16.8.0 arm64-v16.8.0 x86_64-1a2b3c4d x86_64-v16.8.0-nanoserver1809 alpine3.18-x86_64-v16.8.0
rancher/rancher: v2.8.2 v2.8.0-rc3
rancher/k3s: v1.28.3-k3s1
rancher/shell: v0.1.22
kindest/node: v1.29.1
public.ecr.aws/eks-distro/kubernetes/pause: v1.29.1-eks-1-29-7
istio/pilot: 1.20.3-distroless 1.21.0-alpha.1a2b3c4d5e6f
envoyproxy/envoy: v1.29.1 distroless-v1.29.1 contrib-v1.29.1 1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f7a8b9c0d
envoyproxy/envoy-windows: v1.29.1
datadog/agent: 7.51.0 7.51.0-jmx 7.51.0-servercore-ltsc2022
hashicorp/vault: 1.15.5 1.15.5-ent
hashicorp/terraform: 1.8.0-beta1
homeassistant/home-assistant: 2024.2.1 2024.2.0b5
pihole/pihole: 2024.02.0
linuxserver/plex: 1.40.0 arm64v8-1.40.0 amd64-1.40.0.7998-c29d4c0c8-ls202
ghcr.io/fluxcd/flux-cli: v2.2.3
ghcr.io/dexidp/dex: v2.38.0 v2.38.0-distroless
ghcr.io/org/app: main-1a2b3c4-1706700000 sha-1a2b3c4 pr-12-1a2b3c4 1706700000
quay.io/keycloak/keycloak: 23.0.6-0
quay.io/centos/centos: stream9-20240201
nvcr.io/nvidia/l4t-base: r36.2.0
rocm/pytorch: rocm6.0.2_ubuntu22.04_py3.10_pytorch_2.1.2
selenium/standalone-chrome: 121.0-20240206 4.17.0-20240123 121.0-chromedriver-121.0-grid-4.17.0-20240123
jupyter/base-notebook: 2024-02-06 python-3.11.8
circleci/node: 20.11.1-browsers
cimg/base: 2024.02.1 edge-2024.02.1
codercom/code-server: 4.21.1-ubuntu
plantuml/plantuml-server: jetty-v1.2024.3 tomcat-v1.2024.3
sonarqube: 10.4.0-community
company/app: build-123 1.4-build.7 release-1.2.3 1.2.3-20240131 202401311200 20240131120000 v20240131 k8s-1.29.1 e2e-1.2.3 ppc64le-1.2.3 s390x-1.2.3 armhf-1.2.3 linux-amd64-1.2.3 linux-arm-v7-1.2.3 windows-ltsc2022-1.2.3
  windows-20h2-1.2.3 ubuntu-22.04-1.2.3 ubi9-1.2.3 php8.2-6.4.3 py3.11-2.1.0 jdk-17.0.10_7 cuda12.1.0-py3
`;

const FLOATING = `
nginx: latest stable mainline stable-alpine 1.25 1.25-alpine3.18-slim 1-alpine alpine3.18 stable-alpine3.18-perl
python: 3 3.12 3.12-slim slim-bookworm 3.12-windowsservercore-1809 3.13-rc rc
node: lts lts-alpine3.19 current 20-alpine3.19 iron-slim
golang: 1.22-alpine3.19 tip 1.22-nanoserver-1809
maven: 3-eclipse-temurin-17 3.9-amazoncorretto-21 3-jdk-11
eclipse-temurin: 17-jre 21-jdk-jammy 8-jdk-windowsservercore-ltsc2022 8u-nightly
openjdk: 8 8-jdk-slim 23-ea 23-ea-jdk-slim
postgres: 16 16.2 16.2-alpine3.19
postgis/postgis: 16-3.4 16-3.4-alpine 16-master
bitnami/postgresql: 16-debian-11 16
debian: bookworm stable-slim testing sid unstable 12.5 12-slim rc-buggy experimental
ubuntu: jammy 22.04 rolling devel noble
alpine: edge 3.19 3
centos: stream9 centos7 7
fedora: rawhide 39
almalinux: 9-minimal 9.3
archlinux: base base-devel
opensuse/leap: 15.5
amazonlinux: 2023 2 al2023
busybox: stable-musl glibc 1.36 unstable-uclibc
mcr.microsoft.com/dotnet/sdk: 8.0 8.0-jammy 8.0-nanoserver-ltsc2022 9.0-preview
mcr.microsoft.com/dotnet/nightly/sdk: 9.0 latest
mcr.microsoft.com/windows/servercore: ltsc2022 ltsc2019-amd64 1809
mcr.microsoft.com/windows/nanoserver: 1809 nanoserver-1809 ltsc2022
mcr.microsoft.com/mssql/server: 2022-latest 2019-CU25-ubuntu-20.04
jenkins/jenkins: lts lts-jdk17 weekly 2.440 jdk17
rancher/rancher: v2.8-head head stable latest
gitlab/gitlab-runner: alpine bleeding alpine3.18 ubuntu latest
grafana/grafana: main 10.3 latest-ubuntu
grafana/loki: main k189 latest
envoyproxy/envoy: dev v1.29-latest distroless-dev
cr.l5d.io/linkerd/proxy: stable edge stable-2.14
fluent/fluent-bit: 3.1 latest-debug windows-2022 windows-2019-3.1
ubuntu/prometheus: 2.48.0-22.04_edge 2.48-22.04_stable edge
chainguard/python: latest-dev 3.12-dev
gcr.io/distroless/static-debian12: nonroot debug latest-amd64
gcr.io/google.com/cloudsdktool/google-cloud-cli: alpine emulators slim
homeassistant/home-assistant: stable beta dev 2024.2
linuxserver/plex: latest arm64v8-latest nightly develop amd64-latest
ghcr.io/org/app: sha256-${'0123456789abcdef'.repeat(4)}.sig sha256-${'0123456789abcdef'.repeat(4)} pr-12 main master feature-x
quay.io/prometheus/prometheus: main v2 v2.53
nightly: 1.2.3-nightly 1.2.3-daily 1.2.3-jammy-daily 8.0.2-weekly 1.2.3-monthly nightly-alpine 26.04.0-daily 1.2.3-nightly-amd64 latest-1.2.3 1.2.3-latest-jdk17
company/app: 999.0.0-SNAPSHOT 1.2.3-SNAPSHOT 1.2.3-SNAPSHOT-jdk17 1.2.3-dev 1.2.3-edge-arm64 v1.2.3_master 1.2.3-stable 1.2.3-dirty r1234 1234 2024 24.04 2024.01 2024-01 arm64 arm64-2.10 amd64 linux-arm-v7 x86_64 x86_64-latest
`;

const listed = (table: string) => [...table.matchAll(/ ([A-Za-z0-9_][\w.-]*)(?=\s)/g)].map(([, tag]) => tag);

test.each(listed(FIXED))('the public tag %s is fixed', (tag) => {
  expect(tagKind(tag)).toBe('fixed');
});

test.each(listed(FLOATING))('the public tag %s is floating', (tag) => {
  expect(tagKind(tag)).toBe('floating');
});

test('the tables have more than two hundred tags, each once', () => {
  const tags = [FIXED, FLOATING].map((table) => new Set(listed(table)));
  expect(tags[0].size + tags[1].size).toBeGreaterThan(300);
  expect([...tags[0]].filter((tag) => tags[1].has(tag))).toEqual([]);
});

test('any tag has a kind', () => {
  fc.assert(fc.property(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/), (tag) => {
    expect(['fixed', 'floating']).toContain(tagKind(tag));
  }));
});

test('a full version is fixed, whatever its numbers', () => {
  fc.assert(fc.property(fc.tuple(fc.nat(), fc.nat(), fc.nat()), (parts) => {
    expect(tagKind(`v${parts.join('.')}`)).toBe('fixed');
  }));
});

test('a full hash is fixed, whatever its digits', () => {
  fc.assert(fc.property(fc.stringMatching(/^[0-9a-f]{40}$/), (hash) => {
    expect(tagKind(hash)).toBe('fixed');
  }));
});

test('an architecture or a channel before a full version does not change its kind', () => {
  const words = ['amd64', 'arm64', 'arm64v8', 'arm32v7', 'linux-arm-v7', 'x86_64', 's390x', 'windows-2022', 'nanoserver-1809', 'windowsservercore-ltsc2022', 'ubuntu-22.04', 'alpine3.19', 'stable', 'edge', 'dev', 'main'];
  fc.assert(fc.property(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), fc.constantFrom(...words), (parts, word) => {
    expect([word, tagKind(`${word}-${parts.join('.')}`), tagKind(`${word}-v${parts.join('.')}`)]).toEqual([word, 'fixed', 'fixed']);
    expect([word, tagKind(`${word}-${parts.slice(1).join('.')}`)]).toEqual([word, 'floating']);
  }));
});

test('a channel moves, whatever version stands before it', () => {
  const channels = ['latest', 'stable', 'edge', 'nightly', 'snapshot', 'dev', 'main', 'master', 'head', 'canary', 'next', 'unstable', 'testing'];
  fc.assert(fc.property(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), fc.constantFrom(...channels), (parts, channel) => {
    expect(tagKind(`${parts.join('.')}-${channel}`)).toBe('floating');
  }));
});
