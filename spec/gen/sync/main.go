// Command sync writes testdata/sync/messages.json: messages of the sub-protocol sync with the verdict of spec/sync.md. It does not import package
// codec: bytes and verdicts are stated by hand, so that the file can judge it.
//
//	go run ./spec/gen/sync    from anywhere in the module
package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"handfast/spec/internal/outputs"
)

const path = "testdata/sync/messages.json"

func main() { os.Exit(run(os.Stdout, os.Stderr)) }

func run(stdout, stderr io.Writer) int { return outputs.Command("gen/sync", stdout, stderr, files) }

// file is the form of messages.json; messages.schema.json beside it says what each member means.
type file struct {
	Format  int      `json:"format"`
	Spec    string   `json:"spec"`
	Vectors []vector `json:"vectors"`
}

type vector struct {
	ID      string          `json:"id"`
	Req     string          `json:"req"`
	Why     string          `json:"why"`
	To      string          `json:"to"` // who receives it: responder or initiator
	In      string          `json:"in"`
	Verdict string          `json:"verdict"`
	Value   json.RawMessage `json:"value,omitempty"`
	Changed bool            `json:"noncanonical,omitempty"`
	Twin    string          `json:"twin,omitempty"`
	At      *int            `json:"at,omitempty"`
}

func files(string) ([]outputs.File, error) {
	f := file{Format: 1, Spec: "1"}
	ids := map[string]string{}
	for _, row := range rows() {
		v := row
		v.In = strings.TrimSpace(strings.ToLower(v.In))
		raw, err := hex.DecodeString(strings.ReplaceAll(v.In, " ", ""))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.ID, err)
		}
		switch {
		case ids[v.ID] != "":
			return nil, fmt.Errorf("%s stands twice", v.ID)
		case v.Verdict == "reject" && ids[v.Twin] != "accept":
			return nil, fmt.Errorf("%s: there is no accepted twin %s before it", v.ID, v.Twin)
		case v.Verdict == "reject" && *v.At > len(raw):
			return nil, fmt.Errorf("%s: at lies outside", v.ID)
		}
		ids[v.ID] = v.Verdict
		f.Vectors = append(f.Vectors, v)
	}
	return outputs.JSON(path, f)
}

// ok is an accepted message, with its JSON form.
func ok(id, to, why, in, value string) vector {
	return vector{ID: id, Req: "SYNC-005", Why: why, To: to, In: in, Verdict: "accept", Value: json.RawMessage(value)}
}

// other is ok for an input that an encoder writes in another way.
func other(id, to, why, in, value string) vector {
	v := ok(id, to, why, in, value)
	v.Changed = true
	return v
}

// no is a refused message: it differs from its twin in one fault.
func no(id, twin, to, why, in string, at int) vector {
	return vector{ID: id, Req: "SYNC-005", Why: why, To: to, In: in, Verdict: "reject", Twin: twin, At: &at}
}
