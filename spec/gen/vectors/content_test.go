package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"handfast/spec"
	"handfast/testdata"
)

// TestEnough holds the numbers that were promised.
func TestEnough(t *testing.T) {
	all, badBodies, badOpenings := 0, 0, 0
	for _, f := range load(t) {
		n := map[string]int{}
		for _, v := range f.Vectors {
			n[v.Verdict]++
			if v.Verdict == testdata.Reject && v.Op == testdata.OpMsgpack {
				badBodies++
			}
			if v.Verdict == testdata.Reject && v.Op == testdata.OpOpening {
				badOpenings++
			}
		}
		all += len(f.Vectors)
		t.Logf("%-10s %4d accepted, %4d rejected", f.Area, n[testdata.Accept], n[testdata.Reject])
	}
	if all < 250 || badBodies < 60 || badOpenings < 30 {
		t.Errorf("%d vectors, %d bad bodies, %d bad openings", all, badBodies, badOpenings)
	}
	t.Logf("%d vectors, %d bad bodies, %d bad openings", all, badBodies, badOpenings)
}

// TestNamesExist: every requirement and every code is one of the specification, and the code has the scope.
func TestNamesExist(t *testing.T) {
	codes := map[string]string{}
	for _, e := range spec.Registry().Errors {
		codes[e.Name] = e.Scope
	}
	for _, f := range load(t) {
		for _, v := range f.Vectors {
			for _, id := range v.Req {
				if _, ok := spec.Requirement(id); !ok {
					t.Errorf("%s: there is no requirement %s", v.ID, id)
				}
			}
			if v.Error == nil {
				continue
			}
			if scope, ok := codes[v.Error.Code]; !ok || scope != "any" && scope != v.Error.Scope {
				t.Errorf("%s: %s is no code of scope %s", v.ID, v.Error.Code, v.Error.Scope)
			}
		}
	}
}

// rejected lists the requirements that bytes alone can break; each has a reject.
func rejected() []string {
	list := strings.Fields(`HELLO-003 HELLO-004 HELLO-006 HELLO-007 HELLO-008 HELLO-009 HELLO-010 HELLO-012 HELLO-013 HELLO-014 HELLO-019 HELLO-020
		HELLO-022 HELLO-027 CAP-010 CAP-012 READY-009 READY-013 FRAME-001 FRAME-002 FRAME-003 FRAME-004 FRAME-009 FRAME-010 FRAME-011 FRAME-016
		FRAME-018 DATA-001 DATA-002 DATA-004 DATA-005 CRED-008 CALL-002 CALL-010 CALL-013 CALL-016 ERR-003
		CHAN-004 REC-001 ACK-001 GAP-001`)
	for i := range 13 {
		list = append(list, fmt.Sprintf("MP-%03d", i+1))
	}
	return list
}

// accepted lists those that say what bytes may be; each has an accept.
func accepted() []string {
	return append(rejected()[3:], strings.Fields("HELLO-005 HELLO-011 CAP-008 READY-010 FRAME-005 FRAME-008 FRAME-017 EXT-005 DATA-003 ERR-002 CALL-015 CLOSE-004 CLOSE-005 CHAN-005")...)
}

func TestRequirementsAreCovered(t *testing.T) {
	seen := map[string]map[string]bool{testdata.Accept: {}, testdata.Reject: {}}
	broken := map[string]bool{}
	twins := map[string]*testdata.Vector{}
	for _, f := range load(t) {
		for i := range f.Vectors {
			twins[f.Vectors[i].ID] = &f.Vectors[i]
		}
		for _, v := range f.Vectors {
			for _, id := range v.Req {
				seen[v.Verdict][id] = true
				if v.Verdict == testdata.Reject { // its twin obeys what it breaks
					seen[testdata.Accept][id] = true
				}
			}
			if v.Error != nil {
				broken[v.Error.Req] = true
			}
		}
	}
	for _, id := range rejected() {
		if !seen[testdata.Reject][id] {
			t.Errorf("no vector is rejected for %s", id)
		}
		if stated := []string{"HELLO-009", "FRAME-011", "CALL-016", "ERR-003"}; !broken[id] && !slices.Contains(stated, id) {
			t.Errorf("no error names %s", id)
		}
	}
	for _, id := range accepted() {
		if !seen[testdata.Accept][id] {
			t.Errorf("no vector is accepted for %s", id)
		}
	}
}

// TestEveryTypeIsAcceptedTwice counts the values.
func TestEveryTypeIsAcceptedTwice(t *testing.T) {
	count := map[string]int{}
	for _, f := range load(t) {
		for _, v := range f.Vectors {
			var tag struct{ Frame, Kind string }
			if v.Op != testdata.OpMsgpack && v.Verdict == testdata.Accept {
				if err := json.Unmarshal(v.Value, &tag); err != nil {
					t.Fatal(v.ID, err)
				}
				count[tag.Frame+tag.Kind]++
			}
		}
	}
	names := []string{"HELLO", "REFUSE", "REQUEST", "ARG", "REPLY", "ERROR"}
	for _, f := range spec.Registry().Frames {
		names = append(names, f.Name)
	}
	for _, n := range spec.Registry().Grease.FrameTypes {
		names = append(names, fmt.Sprintf("0x%02X", n))
	}
	for _, name := range names {
		if least := 2; count[name] < least && !strings.HasPrefix(name, "0x") || count[name] < 1 {
			t.Errorf("%s is accepted %d times", name, count[name])
		}
	}
}

// TestTwinsDifferInOneThing: behind the fields that follow from the rest, a reject lies at most a few bytes from its twin; where it
// lies farther, its notes say why.
func TestTwinsDifferInOneThing(t *testing.T) {
	byID := map[string]*testdata.Vector{}
	list := load(t)
	for _, f := range list {
		for i := range f.Vectors {
			byID[f.Vectors[i].ID] = &f.Vectors[i]
		}
	}
	for _, f := range list {
		for i := range f.Vectors {
			v := &f.Vectors[i]
			if v.Verdict != testdata.Reject {
				continue
			}
			const most = 48 // a key with the value of a nonce
			d := distance(own(v), own(byID[v.Twin]), most)
			if d > most && v.Notes == "" {
				t.Errorf("%s: more than %d bytes from %s, and no notes", v.ID, most, v.Twin)
			}
			if d == 0 && !isSum(v) {
				t.Errorf("%s: does not differ from %s", v.ID, v.Twin)
			}
		}
	}
}

func isSum(v *testdata.Vector) bool { return strings.HasSuffix(v.Error.Code, "_CRC") }

// own gives a vector's bytes without length and checksums, which follow from the others.
func own(v *testdata.Vector) []byte {
	in := slices.Clone(v.Bytes())
	if v.Verdict == testdata.Reject && v.Error.Code == "FRAME_SIZE" {
		return in // the length is the fault
	}
	switch {
	case v.Op == testdata.OpOpening && len(in) >= 24 && v.Bytes()[7] == 0x0a:
		return append(in[:16], in[24:]...)
	case v.Op == testdata.OpFrame && len(in) > 20:
		return slices.Concat(in[:4], in[8:12], in[16:len(in)-4])
	case v.Op == testdata.OpFrame:
		return slices.Concat(in[:4], in[8:12])
	default:
		return in
	}
}

// distance is the number of bytes that are taken away or put in between a and b, by Myers' algorithm, or most+1 if it is more.
func distance(a, b []byte, most int) int {
	at := make([]int, 2*most+3) // the farthest in a, by diagonal
	for d := 0; d <= most; d++ {
		for k := -d; k <= d; k += 2 {
			i := most + 1 + k
			x := at[i-1] + 1
			if k == -d || k != d && at[i+1] > at[i-1] {
				x = at[i+1]
			}
			if d == 0 {
				x = 0
			}
			y := x - k
			for x < len(a) && y < len(b) && y >= 0 && a[x] == b[y] {
				x, y = x+1, y+1
			}
			at[i] = x
			if x >= len(a) && y >= len(b) {
				return d
			}
		}
	}
	return most + 1
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "abxc", 1}, {"abc", "ac", 1}, {"abc", "axc", 2}, {"", "abcdef", 5}, {"xabc", "abcx", 2}} {
		if got := distance([]byte(tc.a), []byte(tc.b), 4); got != tc.want {
			t.Errorf("%q to %q: %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
