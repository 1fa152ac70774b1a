package realtime

import "slices"

// Rules say which namespaces a side sends or takes.
type Rules struct {
	// Allow lists the only namespaces that pass. Nil: all.
	Allow []string
	// Deny lists those that do not pass, whatever Allow says. Default: none.
	Deny []string
}

// Passes tells whether a namespace passes.
func (r *Rules) Passes(namespace string) bool {
	if slices.Contains(r.Deny, namespace) {
		return false
	}
	return r.Allow == nil || slices.Contains(r.Allow, namespace)
}

func (r *Rules) equal(o *Rules) bool {
	return (r.Allow == nil) == (o.Allow == nil) && slices.Equal(r.Allow, o.Allow) && slices.Equal(r.Deny, o.Deny)
}
