package channel

import (
	"handfast/codec"
	"handfast/refimpl/delivery"
)

// errDelayed answers an OPEN that was overtaken.
var errDelayed = &codec.Error{Code: codec.CodeBusyElsewhere, Scope: codec.ScopeStream, Req: "CHAN-033", Detail: "an OPEN of this process that a newer one has overtaken"}

// delayed tells whether an OPEN was overtaken by a newer one of the same process, on another link: a sender that has left a link
// may find that its OPEN there is read after the next one. Numbers of one process only grow, so that an OPEN which ends below what
// was taken from the same process is old. Taken for a history that was rolled back (row 6) it would cut away what was applied, and
// the records would be applied again. top is the greatest number that was handed on.
func delayed(known delivery.Cursor, top uint64, offered *codec.Channel) bool {
	if known.ID != offered.ID || len(known.Lineage) == 0 || known.Lineage[len(known.Lineage)-1] != offered.Lineage[len(offered.Lineage)-1] {
		return false
	}
	top = max(top, known.Stable)
	if n := len(known.Ranges); n > 0 {
		top = max(top, known.Ranges[n-1].Last)
	}
	return offered.Next <= top
}
