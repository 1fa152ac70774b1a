package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// threat is a row of the table of threats that one process can meet, with what holds it off or the reason why there is nothing to attack.
type threat struct {
	row   int
	what  string
	tests []string // of this package, refimpl and its packages
	why   string   // no test of its own
}

// attackRows is the table. What TestAttackServe does of a row is in attacks.
var attackRows = []threat{
	{row: 1, what: "huge length, garbage first bytes", tests: []string{"TestAttackServe", "TestAttackFast", "TestAttackGarbage", "TestAttackLength", "TestAttackPartial", "TestAttackRefusesFirst"}},
	{row: 2, what: "slow opening", tests: []string{"TestAttackServe", "TestAttackFast", "TestAttackSlowOpening"}},
	{row: 3, what: "slow link", tests: []string{"TestAttackServe", "TestAttackNeverWrites", "TestAttackNeverReads"}},
	{row: 4, what: "connection flood", tests: []string{"TestAttackServe", "TestAttackFast", "TestAttackConnections", "TestAttackLinks"}},
	{row: 5, what: "stream flood, rapid reset", tests: []string{"TestAttackServe", "TestAttackFast", "TestAttackFastLeaves", "TestAttackRapidReset", "TestAttackStubbornWork"}},
	{row: 6, what: "made-you-reset", tests: []string{"TestAttackServe", "TestAttackProvokedResets"}},
	{row: 7, what: "PING, READY and limit floods", tests: []string{"TestAttackServe", "TestAttackFloods", "TestAttackSlowFlood"}},
	{row: 8, what: "empty and tiny messages", tests: []string{"TestAttackServe", "TestAttackEmptyMessages"}},
	{row: 9, what: "closed windows", tests: []string{"TestAttackServe", "TestAttackFast", "TestAttackNeverReads"}},
	{row: 10, what: "read and write deadlock", tests: []string{"TestAttackServe", "TestAttackFast", "TestAttackNeverReads"}},
	{row: 11, what: "fragment that is never finished", tests: []string{"TestAttackServe", "TestAttackFast", "TestAttackFragments"}},
	{row: 12, what: "MessagePack bombs", tests: []string{"TestAttackServe", "TestAttackFast", "TestAttackBombs"}},
	{row: 13, what: "decompression bomb", why: "nothing is compressed: SPEC.md has no frame, flag or capability for it"},
	{row: 14, what: "compression oracle", why: "nothing is compressed"},
	{row: 15, what: "optimistic and bogus ACK", tests: []string{"TestAttackServe", "TestAttackBogusDelivery", "FuzzSender"}},
	{row: 16, what: "ACK withholding", tests: []string{"TestAttackServe"}},
	{row: 17, what: "dedupe-state exhaustion", tests: []string{"TestAttackServe", "FuzzReceiver"}},
	{row: 18, what: "session hijack", tests: []string{"TestAttackServe", "TestAttackHijack"}},
	{row: 27, what: "dial requests", why: "no frame or method of an open link makes a peer dial: whom it dials, its operator says (--realtime-to, --sync-with, peer.add, which only operators may call: ACCS-024, TestOperators)"},
	{row: 28, what: "false address claims", why: "no frame carries an address; peers are dialled where the operator says they are"},
	{row: 29, what: "STUN spoofing", why: "peers do not ask for their own address"},
	{row: 30, what: "clock lies", tests: []string{"TestAttackServe", "TestAttackClocks"}},
	{row: 31, what: "log injection", tests: []string{"TestAttackServe", "TestAttackLogs"}},
	{row: 33, what: "CHECK as an amplifier", tests: []string{"TestAttackServe", "FuzzCores"}},
	{row: 35, what: "reconnect storm", tests: []string{"TestAttackServe", "TestAttackReconnect"}},
}

// TestAttackRows: each threat that one process can meet has a test or a reason, and no test is named that is not there.
func TestAttackRows(t *testing.T) {
	var rows []int
	for _, r := range attackRows {
		rows = append(rows, r.row)
	}
	want := []int{27, 28, 29, 30, 31, 33, 35}
	for row := 18; row >= 1; row-- {
		want = slices.Insert(want, 0, row)
	}
	require.Equal(t, want, rows)

	served, fast := map[int]bool{}, map[int]bool{}
	for _, a := range attacks(t) {
		served[a.row] = true
	}
	for _, a := range attacksOnFast(t) {
		fast[a.row] = true
	}
	there := map[string]bool{}
	test := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	for _, pattern := range []string{"*_test.go", "../../refimpl/*_test.go", "../../refimpl/*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, m := range test.FindAllSubmatch(b, -1) {
				there[string(m[1])] = true
			}
		}
	}
	for _, r := range attackRows {
		require.NotEqual(t, len(r.tests) > 0, r.why != "", "row %d, %s: tests or a reason", r.row, r.what)
		require.Equal(t, served[r.row], slices.Contains(r.tests, "TestAttackServe"), "row %d, %s", r.row, r.what)
		require.Equal(t, fast[r.row], slices.Contains(r.tests, "TestAttackFast"), "row %d, %s", r.row, r.what)
		for _, name := range r.tests {
			require.True(t, there[name], "row %d, %s: no %s", r.row, r.what, name)
		}
	}
}
