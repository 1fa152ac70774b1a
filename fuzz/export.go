package fuzz

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"handfast/codec"
	"handfast/testdata"
)

// ExportConfig says what to write for other engines. Zero values are the defaults.
type ExportConfig struct {
	Dir     string // is made where it is not there
	Made    int    // inputs that are made by the grammar, for each form, beside the vectors; default 200
	Seed    uint64 // of them; default 1
	Project string // name in the OSS-Fuzz folder; default handfast
}

// Exported counts what was written.
type Exported struct {
	Inputs map[string]int `json:"inputs"` // by form
	Tokens int            `json:"tokens"` // of the dictionary
}

// Export writes corpora (corpus/FORM, a file for each input), a dictionary (handfast.dict) that libFuzzer, AFL++ and honggfuzz read, and the whole folder of an OSS-Fuzz project
// (oss-fuzz).
func Export(c ExportConfig) (*Exported, error) {
	if c.Made <= 0 {
		c.Made = 200
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Project == "" {
		c.Project = "handfast"
	}
	e, err := newEngine(Config{}.withDefaults())
	if err != nil {
		return nil, err
	}
	out := &Exported{Inputs: make(map[string]int)}
	g := &generator{random: newRandom(c.Seed, 0)}
	corpora := make(map[string]map[string][]byte)
	write := func(form, name string, b []byte) error {
		if out.Inputs[form]++; corpora[form] == nil {
			corpora[form] = make(map[string][]byte)
		}
		corpora[form][name] = b
		return writeFile(filepath.Join(c.Dir, "corpus", form, name), b)
	}
	for _, v := range e.vectors {
		if b := v.Bytes(); len(b) <= 8192 && !v.BeforeReady && v.MaxFrame == 0 {
			if err := write(formName(contextOf(v)), strings.ReplaceAll(v.ID, "/", "-"), b); err != nil {
				return nil, err
			}
		}
	}
	done := make(map[context]bool)
	for _, ctx := range e.contexts {
		if done[ctx] || ctx.beforeReady || ctx.maxFrame != 0 {
			continue
		}
		done[ctx] = true
		for i := range c.Made {
			b := g.make(ctx)
			if len(b) > 8192 {
				continue
			}
			if err := write(formName(ctx), fmt.Sprintf("made-%04d", i), b); err != nil {
				return nil, err
			}
		}
	}
	tokens := Dictionary()
	out.Tokens = len(tokens)
	if err := writeFile(filepath.Join(c.Dir, "handfast.dict"), []byte(dictText(tokens))); err != nil {
		return nil, err
	}
	files := ossFuzz(c.Project)
	files["handfast.dict"] = dictText(tokens)
	for _, form := range ossForms {
		b, err := zipped(corpora[form])
		if err != nil {
			return nil, err
		}
		files[form+"_seed_corpus.zip"] = string(b)
	}
	for name, text := range files {
		if err := writeFile(filepath.Join(c.Dir, "oss-fuzz", name), []byte(text)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// formName names the corpus of a context: frame, call-reply.
func formName(c context) string {
	if c.turn != "" {
		return c.what + "-" + c.turn
	}
	return c.what
}

func writeFile(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // for everybody to read
		return err
	}
	return os.WriteFile(path, b, 0o644) //nolint:gosec // as above
}

// Token is an entry of a dictionary.
type Token struct {
	Name  string
	Bytes []byte
}

// Dictionary lists the bytes that mean something: the magic, headers of each frame type with good checksums, keys and names as they stand in a body, error codes, and lengths at bounds.
func Dictionary() []Token {
	var list []Token
	add := func(name string, b []byte) { list = append(list, Token{name, b}) }
	add("magic", codec.Magic[:])
	for _, k := range codec.OpeningKinds() {
		add("opening_"+k.Name, codec.AppendRawOpening(nil, 0, 1, 1, k.Kind, []byte{0x80}))
		addKeys(add, k.Name, k.Keys)
	}
	for _, t := range codec.FrameTypes() {
		stream := uint32(0)
		if t.Scope == "stream" {
			stream = 1
		}
		add("header_"+t.Name, codec.AppendHeader(nil, codec.Header{Type: t.Type, Stream: stream, Length: uint32(max(t.MinPayload, 0))}))
		add("frame_"+t.Name, codec.AppendFrame(nil, codec.Header{Type: t.Type, Stream: stream}, make([]byte, max(t.MinPayload, 0))))
		addKeys(add, t.Name, t.Keys)
	}
	for _, c := range codec.CapabilityInfos() {
		add("cap_"+c.Name, codec.AppendStr(nil, c.Name))
	}
	for _, l := range codec.LimitInfos() {
		add("limit_"+l.Name, codec.AppendUint(codec.AppendStr(nil, l.Name), l.Min))
	}
	for _, c := range codec.Errors() {
		add("code_"+c.Name, []byte{byte(c.Code >> 24), byte(c.Code >> 16), byte(c.Code >> 8), byte(c.Code)})
	}
	for _, m := range codec.ProtoInfos()[0].Messages {
		addKeys(add, m.Name, m.Keys)
	}
	for i, b := range telling {
		add(fmt.Sprintf("byte_%d", i), []byte{b})
	}
	for _, n := range []uint32{0, 1, 16384, 16385, 65535, 65536, 131072, 131073, 1 << 20, 1 << 28, 1 << 31, 1<<32 - 1} {
		add(fmt.Sprintf("u32_%d", n), []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	}
	slices.SortStableFunc(list, func(a, b Token) int { return slices.Compare(a.Bytes, b.Bytes) })
	return slices.CompactFunc(list, func(a, b Token) bool { return slices.Equal(a.Bytes, b.Bytes) })
}

func addKeys(add func(string, []byte), of string, keys []codec.KeyInfo) {
	for i := range keys {
		add("key_"+of+"_"+keys[i].Name, codec.AppendStr(nil, keys[i].Name))
		addKeys(add, of+"_"+keys[i].Name, keys[i].Keys)
	}
}

// dictText writes a dictionary in the form that libFuzzer, AFL++ and honggfuzz share. AFL++ takes tokens of up to 128 bytes.
func dictText(tokens []Token) string {
	var b strings.Builder
	b.WriteString("# Handfast, wire version " + testdata.Spec + ". Written by: handfast fuzz export\n")
	for _, t := range tokens {
		name := strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
				return r
			}
			return '_'
		}, t.Name)
		b.WriteString(name + "=\"")
		for _, c := range t.Bytes {
			fmt.Fprintf(&b, "\\x%02x", c)
		}
		b.WriteString("\"\n")
	}
	return b.String()
}

// ossForms are the forms that the harness knows.
var ossForms = []string{"msgpack", "frame"}

// ossLicence stands in each file of an OSS-Fuzz project, where one is asked for.
const ossLicence = `# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
#
################################################################################
`

// ossFuzz gives the files of an OSS-Fuzz project, which are all that its folder needs beside the dictionary and the corpora. They build the sample parser; the lines to change for another
// one are marked.
func ossFuzz(project string) map[string]string {
	return map[string]string{
		"project.yaml": fmt.Sprintf(`homepage: "https://example.org/%[1]s" # yours
language: c
primary_contact: "you@example.org" # yours
main_repo: "https://example.org/%[1]s.git" # yours
fuzzing_engines:
  - libfuzzer
  - afl
  - honggfuzz
sanitizers:
  - address
  - undefined
`, project),
		"Dockerfile": ossLicence + fmt.Sprintf(`
FROM gcr.io/oss-fuzz-base/base-builder
RUN git clone --depth 1 https://example.org/%[1]s.git %[1]s # yours
WORKDIR $SRC/%[1]s
COPY build.sh *.dict *_seed_corpus.zip $SRC/
`, project),
		"build.sh": "#!/bin/bash -eu\n" + ossLicence + fmt.Sprintf(`
# OSS-Fuzz sets SRC, WORK, OUT, CC, CFLAGS, CXX, CXXFLAGS and LIB_FUZZING_ENGINE. The two sets of flags are lists of words.
samples=$SRC/%[1]s/fuzz/bench/samples # yours: the parser
harness=$SRC/%[1]s/fuzz/harness/harness.c
# shellcheck disable=SC2086
for what in %[2]s; do
  $CC $CFLAGS -I "$samples" -DWHAT=$what -c "$harness" -o "$WORK/harness_$what.o"
  $CC $CFLAGS -I "$samples" -c "$samples/sample.c" -o "$WORK/sample.o"
  $CXX $CXXFLAGS "$WORK/harness_$what.o" "$WORK/sample.o" $LIB_FUZZING_ENGINE -o "$OUT/fuzz_$what"
  cp "$SRC/${what}_seed_corpus.zip" "$OUT/fuzz_${what}_seed_corpus.zip"
  cp "$SRC/handfast.dict" "$OUT/fuzz_$what.dict"
done
`, project, strings.Join(ossForms, " ")),
	}
}

// zipped packs the inputs of a form as engines take a seed corpus. The same inputs give the same bytes.
func zipped(inputs map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(inputs[name])
		}
		if err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}
