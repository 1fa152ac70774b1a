package sync

import (
	"fmt"
	"time"

	"handfast/codec"
)

// Outcome says how a session has ended.
type Outcome uint8

// The outcomes.
const (
	Failed  Outcome = iota // it broke off: what was applied is applied, and nothing else is known
	Partial                // both sides have said COMPLETE, and their counts do not agree, or something was refused
	OK                     // both sides have said COMPLETE, and everything that was sent was applied durably
)

// String gives the outcome in lower case.
func (o Outcome) String() string {
	if o <= OK {
		return [...]string{"failed", "partial", "ok"}[o]
	}
	return "unknown"
}

// Word gives the outcome in the words of spec/sync.md: failed, partial or whole.
func (o Outcome) Word() string {
	if o == OK {
		return "whole"
	}
	return o.String()
}

// Report is what is known of a session that has ended.
type Report struct {
	Namespace string
	Outcome   Outcome
	// Equal says that both stores had the same fingerprint when they sent COMPLETE. Writes during a session may keep it false.
	Equal        bool
	Mine, Theirs codec.SyncComplete // what the two sides have counted; Theirs is zero where it has not come
	Lost         int                // writes that a last writer has won against, here
	Echoes       int                // answers with our own version of what was known to differ
	Found        Differences        // of a dry run
	In, Out      Traffic
	// Turns counts the round trips: see Initiator.Rounds. Of a responder it is 0.
	Turns int
	// Since, Walk and Completing are how long the phases took. Of a responder only their sum is known, which is Took.
	Since, Walk, Completing, Took time.Duration
}

// Traffic counts messages and their bytes.
type Traffic struct{ Messages, Bytes uint64 }

// note counts one message.
func (t *Traffic) note(msg []byte) {
	t.Messages++
	t.Bytes += uint64(len(msg))
}

// judge finds the outcome of a session of which both COMPLETEs are there (SYNC-022).
func (r *Report) judge() {
	r.Equal = r.Mine.Fingerprint == r.Theirs.Fingerprint && r.Mine.Count == r.Theirs.Count
	switch {
	case !codec.SyncAgrees(r.Mine, r.Theirs), r.Echoes > 0 && !r.Equal:
		r.Outcome = Partial
	default:
		r.Outcome = OK
	}
}

// String gives one line for people.
func (r *Report) String() string {
	equal := "equal"
	if !r.Equal {
		equal = "not equal"
	}
	return fmt.Sprintf("%s: %s, %s: %d sent, %d received, %d siblings, %d rejected", r.Namespace, r.Outcome, equal,
		r.Mine.Sent, r.Mine.Received, r.Mine.Siblings+r.Theirs.Siblings, r.Mine.Rejected+r.Theirs.Rejected)
}

// EndedError says that the other side has ended the session by ERROR.
type EndedError struct {
	Code    codec.Code
	RetryMS uint32 // ms to wait before trying again, or codec.RetryNever
	Text    string // the other side's words
}

// Error gives code and text.
func (e *EndedError) Error() string {
	return fmt.Sprintf("sync: ended by the other side: %s: %q", e.Code, e.Text)
}
