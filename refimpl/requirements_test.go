package refimpl_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"handfast/spec"
)

// apiTests names the test that shows each requirement which the suite cannot see on the wire.
var apiTests = map[string]string{
	"ACCS-010":  "TestPieces",
	"ACCS-011":  "TestPieces",
	"ACCS-012":  "TestPieces",
	"ACCS-001":  "TestBadArguments",
	"ACCS-002":  "TestGetPutDelete",
	"ACCS-003":  "TestGetPutDelete",
	"ACCS-004":  "TestGetPutDelete",
	"ACCS-005":  "TestRealtimeKilled",
	"ACCS-006":  "TestRefusals",
	"ACCS-007":  "TestRealtimeSyncFails",
	"ACCS-008":  "TestStatus",
	"ACCS-009":  "TestRemote",
	"ACCS-024":  "TestOperators",
	"ACCS-020":  "TestF19PeerCommand",
	"ACCS-021":  "TestF19PeersAreData",
	"ACCS-022":  "TestF19PeerCommand",
	"ACCS-023":  "TestF20Identity",
	"ACK-006":   "TestManyRanges",
	"BEAT-002":  "TestOnePongWaits",
	"CELL-008":  "TestDifferenceMemory",
	"CHAN-007":  "TestResume",
	"CHAN-008":  "TestKilledPeers",
	"CHAN-009":  "TestResume",
	"CHAN-018":  "TestStoreComesBeforeAccept",
	"CHAN-019":  "TestPositionTable",
	"CHAN-020":  "TestLostAndDivergedOweACheck",
	"CHAN-021":  "TestChecksAreKept",
	"CHAN-023":  "TestRestart",
	"CLOSE-008": "TestTextThatIsNotUTF8IsTaken",
	"CRED-010":  "TestAttackSlowFlood",
	"CRED-011":  "TestReadsWhileBlocked",
	"ERR-002":   "TestClass",
	"FAST-001":  "TestStrangers",
	"FAST-002":  "TestNoFastOnTLS",
	"FAST-003":  "TestSilence",
	"FAST-004":  "TestServerFaults",
	"FAST-005":  "TestServerFaults",
	"FAST-006":  "TestMapping",
	"FAST-007":  "TestMapping",
	"FAST-008":  "TestNotExpressible",
	"FAST-009":  "TestMapping",
	"FAST-010":  "TestDialects",
	"FAST-011":  "TestServerEnds",
	"FAST-012":  "TestServerFaults",
	"FAST-013":  "TestNoFallback",
	"FAST-014":  "TestNotExpressible",
	"FAST-015":  "TestMapping",
	"FAST-016":  "TestErrorsOfFast",
	"FAST-017":  "TestClientFaults",
	"FRAME-019": "TestCutSession",
	"FRAME-020": "TestAttackPartial",
	"GAP-003":   "TestGapsAreReported",
	"GAP-004":   "TestGapsAreReported",
	"GAP-005":   "TestGapsAreReported",
	"GAP-008":   "TestGapsAreReported",
	"HELLO-030": "TestRefuseVers",
	"LIM-001":   "TestUnreadBounded",
	"LIM-002":   "TestZeroLimitRefuses",
	"REC-003":   "TestWindow",
	"REC-010":   "TestRestart",
	"OBJ-001":   "TestRestoredGetsNewActor",
	"OBJ-002":   "TestDotMustBeNew",
	"OBJ-010":   "TestLastWriterOrder",
	"OBJ-011":   "TestPutGetDelete",
	"OBJ-017":   "TestRefusals",
	"OBJ-018":   "TestReap",
	"OBJ-020":   "TestDecodeMemory",
	"REAL-011":  "TestCascadeIsKept",
	"REAL-014":  "TestSlowStore",
	"REAL-018":  "TestLongPath",
	"REAL-020":  "TestQueueBytes",
	"REAL-021":  "TestOverload",
	"REAL-022":  "TestOverload",
	"REAL-023":  "TestOverload",
	"REAL-024":  "TestOverload",
	"REAL-025":  "TestStop",
	"REAL-026":  "TestStop",
	"REAL-040":  "TestOverloadIsRepaired",
	"REAL-041":  "TestReceiverRepairs",
	"STRM-010":  "TestSlotWaitsForWork",
	"STRM-019":  "TestIDsUsedUp",
	"SYNC-035":  "TestStoreThatTakesNothing",
	"TLS-011":   "TestAdmit",
}

// TestApiRequirements holds the map above against the list of requirements and against the tests that there are.
func TestApiRequirements(t *testing.T) {
	tests := testNames(t)
	want := map[string]bool{}
	for _, r := range spec.Requirements() {
		if r.Testable != "api" {
			continue
		}
		want[r.ID] = true
		name, ok := apiTests[r.ID]
		if !ok {
			t.Errorf("%s has no test: %s", r.ID, r.Text)
		} else if !slices.Contains(tests, name) {
			t.Errorf("%s: there is no %s in any _test.go", r.ID, name)
		}
	}
	for id := range apiTests {
		if !want[id] {
			t.Errorf("%s is not a requirement that is testable by api", id)
		}
	}
}

// testNames gives the test functions of the whole module.
func testNames(t *testing.T) (names []string) {
	t.Helper()
	root := filepath.Join("..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				names = append(names, fn.Name.Name)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}
