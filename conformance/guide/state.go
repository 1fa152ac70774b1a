package guide

import (
	"regexp"
	"slices"
	"strings"

	"handfast/spec/page"
)

// State is the part of a state table of chapter 16 that concerns something. Marked rows are those in which the answer or the id stands.
type State struct {
	Table  string     `json:"table"`
	Link   string     `json:"link"`
	Head   []string   `json:"head"`
	Rows   [][]string `json:"rows"`
	Marked []bool     `json:"marked"`
}

// tableOfArea says which state table the sentences of an area belong to.
var tableOfArea = map[string]string{
	"HELLO": "Link", "VER": "Link", "CAP": "Link", "READY": "Link", "FRAME": "Link", "ERR": "Link", "CLOSE": "Link", "DRAIN": "Link", "TLS": "Link",
	"STRM": "Stream", "DATA": "Stream", "CRED": "Stream", "CALL": "Stream", "BEAT": "Heartbeat",
}

// states cuts the state tables to what a sentence is about.
func (s *subject) states(id string) []State {
	var list []State
	for _, t := range page.StateTables() {
		columns := s.columns(t, id)
		if len(columns) == 0 {
			continue
		}
		cut := t.Only(columns)
		one := State{Table: t.Name, Link: t.Link, Head: cut.Head}
		for _, row := range cut.Rows {
			one.Rows = append(one.Rows, row)
			one.Marked = append(one.Marked, s.marks(row, id))
		}
		list = append(list, one)
	}
	return list
}

// columns chooses the events of a table: those with the id in a cell; in the table of the sentence's area those that are named after
// what it speaks of; and where there are none, those that are answered as it says.
func (s *subject) columns(t page.StateTable, id string) []int {
	var columns []int
	own := tableOfArea[s.area] == t.Name
	answered := 0
	for c := 1; c < len(t.Head); c++ {
		named := own && s.names(t.Head[c])
		if named || inColumn(t.Table, c, func(cell string) bool { return hasID(cell, id) }) {
			columns = append(columns, c)
		}
	}
	if len(columns) > 0 || !own {
		return columns
	}
	for c := 1; c < len(t.Head); c++ {
		if inColumn(t.Table, c, s.answeredIn) {
			columns = append(columns, c)
			answered++
		}
	}
	if answered > 3 { // an answer that stands everywhere tells nothing
		return nil
	}
	return columns
}

// names tells whether a column is named after something that the sentence speaks of.
func (s *subject) names(head string) bool {
	base, good := strings.CutSuffix(head, " good")
	base, faulty := strings.CutSuffix(base, " faulty")
	if good && len(s.codes) > 0 || faulty && len(s.codes) == 0 {
		return false
	}
	base, own := strings.CutPrefix(base, "own ")
	for _, w := range s.words {
		if base == "opening" && w == "HELLO" {
			return true
		}
		if regexp.MustCompile(`\b`+w+`\b`).MatchString(base) && own == s.isSent(w) {
			return true
		}
	}
	return false
}

// isSent tells whether the sentence is about sending a frame, and not about its arrival.
func (s *subject) isSent(word string) bool {
	return regexp.MustCompile(`\b(sends?|sent|sender of)( its final| a| an)? ` + word + `\b`).MatchString(s.sends)
}

func (s *subject) answeredIn(cell string) bool {
	return slices.ContainsFunc(s.codes, func(code string) bool { return strings.Contains(cell, "("+code+")") || cell == code })
}

// marks tells whether a row has the id or the answer in one of its cells.
func (s *subject) marks(row []string, id string) bool {
	return slices.ContainsFunc(row[1:], func(cell string) bool { return hasID(cell, id) || s.answeredIn(cell) })
}

func hasID(cell, id string) bool { return id != "" && strings.Contains(cell, id) }

func inColumn(t page.Table, c int, match func(cell string) bool) bool {
	return slices.ContainsFunc(t.Rows, func(row []string) bool { return c < len(row) && match(row[c]) })
}
