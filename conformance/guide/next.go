package guide

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"handfast/conformance"
	"handfast/spec"
)

// Next is the one thing to implement now.
type Next struct {
	Passed int    `json:"passed"` // items so far
	Total  int    `json:"total"`  // of all levels
	Roles  string `json:"roles"`  // that are judged: "codec, acceptor"
	Done   bool   `json:"done"`   // everything passed; there are no other members then

	Level   int                 `json:"level,omitempty"`
	Levels  int                 `json:"levels,omitempty"`
	Step    string              `json:"step,omitempty"` // the level in the words of SPEC.md chapter 3
	Role    string              `json:"role,omitempty"` // of the item
	Item    *Explanation        `json:"item,omitempty"` // a vector or a case
	Rule    *Explanation        `json:"rule,omitempty"` // the requirement that is not met yet
	Value   json.RawMessage     `json:"value,omitempty"`
	Result  *conformance.Result `json:"result,omitempty"`  // what came; absent where nothing was judged
	Problem string              `json:"problem,omitempty"` // why nothing can be judged
	Again   []string            `json:"again,omitempty"`
}

// Next runs the judges level by level, and gives the first item that does not pass. At each level the judges take turns in their order. The error is
// that of a run that was called wrongly; where a peer cannot be judged at all, Problem says so.
func (l *Library) Next(ctx context.Context, judges []*Judge) (*Next, error) {
	n := &Next{Levels: len(Steps())}
	var roles []string
	for _, j := range judges {
		n.Total += len(j.Items)
		roles = append(roles, j.Role)
	}
	n.Roles = strings.Join(roles, ", ")
	for level := 1; level <= n.Levels; level++ {
		for _, j := range judges {
			missing, err := l.level(ctx, n, j, level)
			if missing || err != nil {
				return n, err
			}
		}
	}
	n.Done = true
	return n, nil
}

// level runs one judge at one level, and fills n where something is missing.
func (l *Library) level(ctx context.Context, n *Next, j *Judge, level int) (missing bool, err error) {
	var ids []string
	for _, item := range j.Items {
		if item.Level == level {
			ids = append(ids, item.ID)
		}
	}
	if len(ids) == 0 {
		return false, nil
	}
	results, err := j.Run(ctx, ids)
	if preflight, ok := errors.AsType[*conformance.PreflightError](err); ok {
		l.fill(ctx, n, j, level, ids[0])
		n.Problem = preflight.Error()
		return true, nil
	}
	if err != nil {
		return false, err
	}
	first := firstMissing(j, ids, results)
	for i := range results {
		if passes(j, &results[i]) {
			n.Passed++
		}
	}
	if first == nil {
		return false, nil
	}
	l.fill(ctx, n, j, level, first.ID)
	n.Result = first
	if len(first.Cites) > 0 {
		n.Rule = l.ruleOf(first.Cites[0])
	}
	return true, nil
}

func passes(j *Judge, r *conformance.Result) bool {
	return r.Verdict == conformance.Pass || j.Lenient && r.Verdict == conformance.Unsupported
}

// firstMissing gives the first result that does not pass, in the order of ids; one that nobody asked for comes last.
func firstMissing(j *Judge, ids []string, results []conformance.Result) *conformance.Result {
	byID := make(map[string]*conformance.Result)
	var other *conformance.Result
	for i := range results {
		if !passes(j, &results[i]) {
			byID[results[i].ID] = &results[i]
			other = &results[i]
		}
	}
	for _, id := range ids {
		if r := byID[id]; r != nil {
			return r
		}
	}
	return other
}

// Start gives the first item of all, where nothing is attached yet.
func (l *Library) Start(ctx context.Context) *Next {
	j := &Judge{Role: RoleCodec, Items: l.curriculum()}
	n := &Next{Levels: len(Steps()), Total: len(j.Items), Roles: RoleCodec}
	l.fill(ctx, n, j, 1, j.Items[0].ID)
	return n
}

// fill explains an item.
func (l *Library) fill(ctx context.Context, n *Next, j *Judge, level int, id string) {
	n.Level, n.Step, n.Role = level, levelText(level), j.Role
	if j.Role == RoleCodec {
		if v := l.Vectors.Vector(id); v != nil {
			n.Item, n.Value = l.vectorOf(v), v.Value
			req := v.Req[0]
			if v.Error != nil && v.Error.Req != "" {
				req = v.Error.Req
			}
			n.Rule = l.ruleOf(req)
		}
	} else {
		for i := range l.Cases {
			if l.Cases[i].ID == id {
				n.Item = l.caseOf(ctx, &l.Cases[i])
				n.Rule = l.ruleOf(l.Cases[i].Req[0])
			}
		}
	}
	if j.Again != nil {
		n.Again = append(n.Again, j.Again(id))
	}
}

func (l *Library) ruleOf(id string) *Explanation {
	r, ok := spec.Requirement(id)
	if !ok {
		return nil
	}
	return l.rule(r)
}
