package watch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handfast/spec"
)

// elsewhere are rules that the code cites and a sender of frames cannot be seen to break here.
var elsewhere = map[string]string{
	"CALL-002":  "messages of call are not looked into",
	"CALL-010":  "messages of call are not looked into",
	"CALL-013":  "messages of call are not looked into",
	"CALL-016":  "messages of call are not looked into",
	"FRAME-003": "as a sender's rule it is FRAME-012",
	"CAP-011":   "openings that agree on nothing are right, and end in REFUSE",
	"VER-002":   "openings that agree on nothing are right, and end in REFUSE",
	"HELLO-022": "what follows a REFUSE that the dialer has not read yet is right",
}

// TestEveryCitedRuleIsJudged holds the table against the ids that the judge and the codec can cite.
func TestEveryCitedRuleIsJudged(t *testing.T) {
	judged := make(map[string]bool)
	for _, r := range rules() {
		require.False(t, judged[r.req], "%s is there twice", r.req)
		judged[r.req] = true
		_, ok := spec.Requirement(r.req)
		assert.True(t, ok, "%s is no requirement", r.req)
		assert.Empty(t, elsewhere[r.req], r.req)
		assert.NotZero(t, r.when, r.req)
	}
	for _, dir := range []string{"../wire", "../../codec"} {
		for _, id := range cited(t, dir) {
			if rule, ok := spec.Requirement(id); ok && rule.Profile != "core" {
				continue
			}
			if elsewhere[id] == "" {
				assert.True(t, judged[id], "%s cites %s, and rules() does not have it", dir, id)
			}
		}
	}
}

// cited lists the string literals of a package that have the form of an id.
func cited(t *testing.T, dir string) []string {
	t.Helper()
	id := regexp.MustCompile(`^[A-Z]+-[0-9]{3}$`)
	goFile := func(f fs.FileInfo) bool {
		return !strings.HasSuffix(f.Name(), "_test.go") && !strings.HasPrefix(f.Name(), "zz_")
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var ids []string
	for _, e := range entries {
		info, err := e.Info()
		require.NoError(t, err)
		if !strings.HasSuffix(e.Name(), ".go") || !goFile(info) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), dir+"/"+e.Name(), nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && id.MatchString(text) {
					ids = append(ids, text)
				}
			}
			return true
		})
	}
	require.NotEmpty(t, ids, dir)
	return ids
}
