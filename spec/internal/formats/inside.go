package formats

import "handfast/spec"

// What is inside fields that the registry calls bytes: the tables of the pages sync.md, cells.md and realtime.md.

func field(name, kind string, size int, doc string) spec.Field {
	return spec.Field{Name: name, Type: kind, Size: &size, Doc: doc}
}

var estimate = []spec.Field{
	field("items", "u16", 2, "number of items modulo 65,536"),
	field("bits", "bytes", 16, "for each bit of an item's last two bytes the items with it less those without it, modulo 256"),
}

// inside has the fields of the whole field, or of each of its elements, by sub-protocol, message and field.
var inside = map[string][]spec.Field{
	"sync.check.counts":    counts,
	"sync.complete.counts": counts,
	"sync.complete.root": {
		field("count", "u64", 8, "objects that the sender has now"),
		field("fingerprint", "bytes", 16, "of its empty prefix"),
	},
	"sync.result.runs": {
		field("outcome", "u8", 1, "0 no-op, 1 applied, 2 siblings, 3 rejected"),
		field("more", "u8", 1, "how many more REPAIRs have the same entry"),
		field("siblings", "u16", 2, "siblings that the object has now"),
		field("code", "u32", 4, "error code, 0 unless rejected"),
	},
	"sync.sketch.estimate": estimate,
	"sync.sketch.cells": {
		field("sum", "bytes", 8, "of the state hashes"),
		field("first_moment", "bytes", 8, "of key hash times state hash"),
		field("second_moment", "bytes", 8, "of key hash times key hash times state hash"),
	},
	"realtime.object.path": {
		field("cluster", "bytes", 16, "a cluster that the record came through"),
	},
}

var counts = []spec.Field{
	field("errors", "u32", 4, "ERRORs that its sender has sent"),
	field("sent", "u64", 8, "REPAIRs that it has sent"),
	field("acked", "u64", 8, "REPAIRs that it has received an entry of RESULT about"),
	field("received", "u64", 8, "REPAIRs that it has received"),
	field("noop", "u64", 8, "of these, what it has answered: no-op"),
	field("applied", "u64", 8, "applied"),
	field("siblings", "u64", 8, "siblings"),
	field("rejected", "u64", 8, "rejected"),
}

// form is what a field holds with one value of the field that chooses it: count elements, or as many as there are where count is -1.
type form struct {
	count  int
	fields []spec.Field
}

// formsOf has what fields hold of which another one, called form, says what it is.
var formsOf = map[string]map[string]form{
	"sync.digest.entries": {
		"SAME":     {0, nil},
		"PARTS":    {16, []spec.Field{field("fingerprint", "bytes", 16, "of one of the prefixes that are one half byte longer")}},
		"ITEMS":    {-1, []spec.Field{field("key_hash", "bytes", 8, "of the object"), field("state_hash", "bytes", 8, "of the object")}},
		"BRIEF":    {16, []spec.Field{field("first_byte", "u8", 1, "of the fingerprint of one of the prefixes that are one half byte longer")}},
		"ESTIMATE": {1, estimate},
	},
}
