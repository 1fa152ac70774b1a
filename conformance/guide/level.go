package guide

import (
	"strings"

	"handfast/conformance/vectors"
	"handfast/spec/page"
)

// Steps lists the steps of SPEC.md chapter 3, which are the levels of vectors and cases, as the page words them: Steps()[0] is level 1.
func Steps() []string {
	chapter, ok := page.Chapter("3")
	if !ok {
		return nil
	}
	var steps []string
	for _, line := range chapter.Lines {
		if _, text, found := strings.Cut(line, ". "); found && line[0] >= '1' && line[0] <= '9' {
			steps = append(steps, text)
		}
	}
	return steps
}

// levelText gives a level in words.
func levelText(level int) string {
	if steps := Steps(); level >= 1 && level <= len(steps) {
		return steps[level-1]
	}
	return "beyond core"
}

// profileOf gives the profile that a vector belongs to. What lies behind the last step is delivery's.
func profileOf(v *vectors.Vector) string {
	if v.Level > len(Steps()) {
		return "delivery"
	}
	return "core"
}
