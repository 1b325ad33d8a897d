import { DOCKERFILE_INSTRUCTIONS, dockerfileLinesProblem, runsCommands } from '../../src/image/dockerfile-lines';

describe('lines that are allowed', () => {
  test.each([
    ['RUN mkdir /etc/vault'],
    ['run apt-get update && apt-get install -y curl'],
    ['RUN ["/bin/sh", "-c", "echo hello"]'],
    ['RUN printf "a\\nb" > /etc/motd'],
    ['RUN test 1 -lt 2 && cat < /etc/passwd > /dev/null'],
    ['VOLUME ["/etc/vault"]'],
    ['LABEL org.example.team="platform"'],
    ['ENV PATH=/opt/bin:$PATH'],
    ['ARG VERSION=1.2.3'],
    ['USER 1000:1000'],
    ['WORKDIR /srv'],
    ['EXPOSE 8080/tcp'],
    ['CMD ["vault", "server"]'],
    ['ENTRYPOINT ["/usr/bin/dumb-init", "--"]'],
    ['HEALTHCHECK --interval=5m --timeout=3s CMD curl -f http://localhost/ || exit 1'],
    ['SHELL ["/bin/bash", "-o", "pipefail", "-c"]'],
    ['STOPSIGNAL SIGTERM'],
    ['  \tRUN\tmkdir /a'],
    ['LABEL greeting="grüß dich"'],
    ['RUN echo "# no comment"'],
    ['RUN echo C:\\temp'],
  ])('%j', (line) => {
    expect(dockerfileLinesProblem([line])).toBeUndefined();
  });

  test('every instruction that is named is allowed', () => {
    for (const instruction of DOCKERFILE_INSTRUCTIONS) expect(dockerfileLinesProblem([`${instruction} something`])).toBeUndefined();
  });
});

describe('lines that are refused', () => {
  test.each([
    ['FROM alpine', 'the line "FROM alpine" starts with "FROM", which is not allowed here: the lines extend the mirrored image, and there are no other stages; remove it'],
    ['from alpine AS build', /starts with "FROM"/],
    ['COPY . /app', /^the line "COPY \. \/app" starts with "COPY", which is not allowed here: the build has no files to copy.*dockerBuildContexts\(\)$/],
    ['COPY --from=alpine:3 /bin/sh /bin/sh', /starts with "COPY".*would bypass the mirror/],
    ['ADD https://example.com/a.tar.gz /', /starts with "ADD".*would bypass the mirror/],
    ['ONBUILD RUN whoami', /starts with "ONBUILD".*write the instruction itself/],
    ['MAINTAINER somebody', /starts with "MAINTAINER".*LABEL/],
    ['INCLUDE+ other', /starts with "INCLUDE\+", which is not allowed here: use one of ARG, CMD, .*, WORKDIR$/],
    ['mkdir /etc/vault', /starts with "MKDIR", which is not allowed here/],
    ['RUN', 'the line "RUN" has nothing after RUN; complete the instruction'],
    ['RUN   ', /has nothing after RUN/],
    ['', 'the line "" is empty; remove it'],
    [' \t', /is empty/],
    ['# syntax=docker/dockerfile:1', /is a comment or a parser directive/],
    ['  # escape=`', /is a comment or a parser directive/],
    ['RUN true \\', /ends with a backslash, which would join the next line to it/],
    ['RUN true \\  ', /ends with a backslash/],
    ['RUN echo \\\\', /ends with a backslash/],
    ['RUN true\nFROM alpine', /contains a line break.*join commands with "&&"$/],
    ['RUN true\rFROM alpine', /contains a line break/],
    ['RUN true\u2028FROM alpine', /contains a control character or an invisible character/],
    ['RUN true\u0000', /contains a control character/],
    ['RUN echo \u202e', /contains a control character or an invisible character/],
    ['\ufeffRUN true', /contains a control character or an invisible character/],
    ['RUN <<EOF', /contains "<<", which can start a here-document of the lines after it; write text with printf/],
    ['RUN echo $((1<<3))', /contains "<<", which can start .*, and shifted numbers as their results$/],
    ['RUN cat <<-"EOF" > /etc/motd', /contains "<<"/],
    ['RUN 3<<EOF cat', /contains "<<"/],
    ['RUN --mount=type=bind,from=alpine,target=/mnt cp /mnt/bin/sh /bin/sh', /has a flag of RUN, which could bypass the mirror/],
    ['RUN --security=insecure mount', /has a flag of RUN/],
  ])('%j', (line, problem) => {
    const found = dockerfileLinesProblem(['ENV A=1', line]);
    if (typeof problem === 'string') expect(found).toBe(problem);
    else expect(found).toMatch(problem);
  });

  test('no lines at all', () => {
    expect(dockerfileLinesProblem([])).toBe('there are no lines; add at least one, or omit the lines');
  });

  test('more than a build takes in a variable', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `RUN echo ${'x'.repeat(80)} ${index}`);
    expect(dockerfileLinesProblem(lines)).toMatch(/^the lines have [0-9]+ characters as JSON, and 3000 is the maximum; download a script with RUN, or /);
    expect(dockerfileLinesProblem(lines.slice(0, 30))).toBeUndefined();
  });

  test('a long one is cut where the problem names it', () => {
    expect(dockerfileLinesProblem([`COPY ${'x'.repeat(5000)}`])!.length).toBeLessThan(600);
  });
});

test('only RUN runs commands, however it is written', () => {
  expect(runsCommands(['ENV A=RUN', 'CMD run'])).toBe(false);
  expect(runsCommands(['ENV A=1', '  run true'])).toBe(true);
});
