// Package publish turns reports of the conformance suite into every form but the canonical one: JUnit XML, an HTML page, a summary in
// Markdown, annotations for GitHub, and a badge. Each is made from what conformance.ReadReport gives, so that a form made later
// from the file says the same as one made by the run itself.
//
// What stands in a report came from a peer, or from whoever sent the file: everything is escaped for the form that it goes into, and
// every form is bounded.
package publish
