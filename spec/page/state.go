package page

import (
	"slices"
	"strings"
)

// stateChapter is where the state tables stand.
const stateChapter = "16 State tables"

func isState(s *Section) bool { return s.Page == mainPage && s.Chapter == stateChapter }

// StateTable is one table of chapter 16: a state in each row, an event in each column behind the first.
type StateTable struct {
	Name string // Link, Stream, Heartbeat
	Link string // of its section
	Table
}

// StateTables lists them.
func StateTables() []StateTable {
	var list []StateTable
	for _, s := range Sections() {
		if !isState(s) {
			continue
		}
		for _, t := range s.Tables() {
			list = append(list, StateTable{Name: s.Title, Link: s.Link(), Table: t})
		}
	}
	return list
}

// Only gives the table with the state and the chosen columns, without the rows in which all of these say that nothing can happen.
func (t *StateTable) Only(columns []int) Table {
	pick := func(row []string) []string {
		cells := []string{row[0]}
		for _, c := range columns {
			if c < len(row) {
				cells = append(cells, row[c])
			}
		}
		return cells
	}
	out := Table{Head: pick(t.Head)}
	for _, row := range t.Rows {
		cells := pick(row)
		if slices.ContainsFunc(cells[1:], func(c string) bool { return !strings.HasPrefix(c, "impossible") }) {
			out.Rows = append(out.Rows, cells)
		}
	}
	return out
}
