// Pins the reference grammar of the distribution project for test/image/image-reference.grammar.test.ts: `node test/tools/install.mjs` builds it.
module cdk-ecr-mirror.invalid/tools/reference

go 1.25.0

require github.com/distribution/reference v0.6.0

require github.com/opencontainers/go-digest v1.0.0 // indirect
