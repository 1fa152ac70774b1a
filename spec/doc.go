// Package spec holds the machine-readable half of the specification: the registry of numbers and the list of
// requirements. Both are embedded, so that a tool that imports this package carries the text that it judges by.
//
//	reg := spec.Registry()
//	frame, ok := reg.Frame("PING")
//	rule, ok := spec.Requirement("BEAT-001")
//
// The package imports nothing of the module: codec, the pages' tables and the suite's reports are made from it, and a
// generator that needed its own output could not be started. It does not interpret the numbers; package codec does.
package spec

//go:generate go run ./gen
//go:generate go run ./gen/exchange
//go:generate go run ./gen/vectors
//go:generate go run ./gen/objects
//go:generate go run ./gen/sync
//go:generate go run ./gen/realtime
//go:generate go run ./gen/cells
//go:generate go run ./gen/captures
