package mutant

import (
	"strings"

	"handfast/codec"
	"handfast/conformance/driver"
)

// checkSync judges the OPEN of a session (SYNC-002 to SYNC-004).
func (l *link) checkSync(m codec.Open) *fault {
	wrong := func(req string, code codec.Code) *fault { return &fault{req: req, code: code, stream: m.Stream} }
	params, err := codec.ParseSyncParams(m.Params)
	namespace := params.Namespace
	switch {
	case err != nil && len(m.Params) <= len(params.SaltCheck) && l.has("takes-params-of-any-size"):
		return nil
	case err != nil:
		if len(m.Params) <= len(params.SaltCheck) || !l.has("takes-any-namespace") {
			return wrong("SYNC-002", codec.CodeProtocol)
		}
		namespace = strings.TrimRight(string(m.Params[len(params.SaltCheck):]), "\x00")
		copy(params.SaltCheck[:], m.Params)
	}
	switch {
	case params.SaltCheck != codec.SyncSaltCheck(syncSalt) && !l.has("takes-any-salt"):
		return wrong("SYNC-004", codec.CodeSyncSalt)
	case namespace != driver.SyncNamespace && !l.has("takes-foreign-namespaces") && !l.has("takes-any-namespace"):
		return wrong("SYNC-003", codec.CodeSyncNamespace)
	}
	return nil
}
