// Parses image references as docker pull does: one JSON string a line on stdin, one JSON value a line on stdout.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	_ "crypto/sha256"
	_ "crypto/sha512"

	"github.com/distribution/reference"
)

type parts struct {
	Domain string `json:"domain"`
	Path   string `json:"path"`
	Tag    string `json:"tag,omitempty"`
	Digest string `json:"digest,omitempty"`
}

type answer struct {
	Error string `json:"error,omitempty"`
	*parts
}

func parse(text string) answer {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	named = reference.TagNameOnly(named)
	found := &parts{Domain: reference.Domain(named), Path: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		found.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		found.Digest = digested.Digest().String()
	}
	return answer{parts: found}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			panic(err)
		}
		if err := encoder.Encode(parse(text)); err != nil {
			panic(err)
		}
	}
}
