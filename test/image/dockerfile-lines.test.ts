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
    ['FROM alpine', 'the line "FROM alpine" starts with "FROM", which is not allowed here: the lines continue the image that is mirrored, and there is no other stage; leave it out'],
    ['from alpine AS build', /starts with "FROM"/],
    ['COPY . /app', /^the line "COPY \. \/app" starts with "COPY", which is not allowed here: there are no files beside the lines.*dockerBuildContexts\(\)$/],
    ['COPY --from=alpine:3 /bin/sh /bin/sh', /starts with "COPY".*would come past the mirror/],
    ['ADD https://example.com/a.tar.gz /', /starts with "ADD".*would come past the mirror/],
    ['ONBUILD RUN whoami', /starts with "ONBUILD".*write the instruction itself/],
    ['MAINTAINER somebody', /starts with "MAINTAINER".*LABEL/],
    ['INCLUDE+ other', /starts with "INCLUDE\+", which is none of the instructions allowed here: ARG, CMD, .*, WORKDIR$/],
    ['mkdir /etc/vault', /starts with "MKDIR", which is none of the instructions/],
    ['RUN', 'the line "RUN" has nothing after RUN'],
    ['RUN   ', /has nothing after RUN/],
    ['', 'the line "" is empty; remove it'],
    [' \t', /is empty/],
    ['# syntax=docker/dockerfile:1', /is a comment or a parser directive/],
    ['  # escape=`', /is a comment or a parser directive/],
    ['RUN true \\', /ends with a backslash, which would join the next line to it/],
    ['RUN true \\  ', /ends with a backslash/],
    ['RUN echo \\\\', /ends with a backslash/],
    ['RUN true\nFROM alpine', /holds a line break.*join commands with "&&"$/],
    ['RUN true\rFROM alpine', /holds a line break/],
    ['RUN true\u2028FROM alpine', /holds a control character or an invisible one/],
    ['RUN true\u0000', /holds a control character/],
    ['RUN echo \u202e', /holds a control character or an invisible one/],
    ['\ufeffRUN true', /holds a control character or an invisible one/],
    ['RUN <<EOF', /holds "<<", by which Docker may take the lines after it for a here-document; write a text with printf/],
    ['RUN echo $((1<<3))', /holds "<<", by which Docker may take .*, and a shifted number as what it comes to$/],
    ['RUN cat <<-"EOF" > /etc/motd', /holds "<<"/],
    ['RUN 3<<EOF cat', /holds "<<"/],
    ['RUN --mount=type=bind,from=alpine,target=/mnt cp /mnt/bin/sh /bin/sh', /has a flag of RUN, which could bring an image past the mirror/],
    ['RUN --security=insecure mount', /has a flag of RUN/],
  ])('%j', (line, problem) => {
    const found = dockerfileLinesProblem(['ENV A=1', line]);
    if (typeof problem === 'string') expect(found).toBe(problem);
    else expect(found).toMatch(problem);
  });

  test('no lines at all', () => {
    expect(dockerfileLinesProblem([])).toBe('there are no lines; write at least one, or leave them out');
  });

  test('more than a build takes in a variable', () => {
    const lines = Array.from({ length: 40 }, (_, index) => `RUN echo ${'x'.repeat(80)} ${index}`);
    expect(dockerfileLinesProblem(lines)).toMatch(/^the lines have [0-9]+ characters as JSON, and 3000 is the limit; have RUN fetch a script, or /);
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
