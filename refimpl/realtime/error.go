package realtime

import "errors"

// The errors of calls that cannot be carried out. Those of the store come as they are.
var (
	ErrNoRemote = errors.New("realtime: no remote of this name")
	ErrName     = errors.New("realtime: the name of a remote has 1 to 32 of the characters a-z, 0-9, '.', '_' and '-'")
	ErrClosed   = errors.New("realtime: closed")
)
