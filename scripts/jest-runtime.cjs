// Jest loads every module again for each test file. The CDK takes about two seconds of that, so all files of a worker share one copy.
const { default: Runtime } = require('jest-runtime');

const SHARED = /^(aws-cdk-lib|constructs|cdk-nag)(\/|$)/;

class SharedLibraryRuntime extends Runtime {
  requireModuleOrMock(from, moduleName) {
    return SHARED.test(moduleName) ? require(moduleName) : super.requireModuleOrMock(from, moduleName);
  }
}

module.exports = SharedLibraryRuntime;
