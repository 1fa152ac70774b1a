// Package watch judges links on which others talk: those that go through a proxy, and those of a capture. It needs nothing of either
// peer, so that it is the first thing to try on an implementation that has no driver.
//
// It judges by the rules of senders alone, those that package wire knows. What a peer should have answered to what, and in which time, takes a
// suite that asks. Of each rule and side there is one result: fail with the first packet that broke it, pass where packets of
// its kind were sent and none broke it, and unsupported where none was sent.
package watch
