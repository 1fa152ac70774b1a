// Package known holds what a client's repository says about its own conformance, and judges a report by it:
//
//   - conformance.json: what is claimed (profile, features) and how the peer is started;
//   - conformance.known: the failures that are known, each with a reason; what is listed has to fail, and fail as listed;
//   - conformance.lock: how many cases ran last time; fewer is a failure.
//
// So a run is green when it is as its repository says, and nothing gets better or worse in silence.
package known
