package sync

import (
	"handfast/codec"
	"handfast/refimpl/store"
)

// fault is a stream error PROTOCOL, which a broken rule of spec/sync.md is answered with.
func fault(req, detail string) error {
	return &codec.Error{Code: codec.CodeProtocol, Scope: codec.ScopeStream, Req: req, Detail: detail}
}

// codeOf gives the code on the wire of a refusal by the store.
func codeOf(c store.Code) codec.Code {
	switch c {
	case store.CodeCollision:
		return codec.CodeSyncCollision
	case store.CodeTooLarge:
		return codec.CodeSyncTooLarge
	case store.CodeLimit:
		return codec.CodeSyncLimit
	case store.CodeCorrupt, store.CodeName, store.CodeContext:
		return codec.CodeSyncCorrupt
	case store.CodeDenied:
		return codec.CodeSyncNamespace
	default:
		return codec.CodeSyncStore
	}
}
