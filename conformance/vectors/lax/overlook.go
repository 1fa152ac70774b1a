package lax

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"handfast/conformance/driver"
	"handfast/conformance/drivers/gocodec"
	"handfast/testdata"
)

// broken lists the requirements that vectors see broken, and the scopes of their errors.
func broken(vectors []testdata.Vector) (reqs []string, scopes map[string]string) {
	scopes = make(map[string]string)
	for i := range vectors {
		if e := vectors[i].Error; e != nil && e.Req != "" {
			if scopes[e.Req] == "" {
				reqs = append(reqs, e.Req)
			}
			scopes[e.Req] = e.Scope
		}
	}
	slices.Sort(reqs)
	return reqs, scopes
}

// taken accepts an item without looking at it.
func taken(item gocodec.Item) driver.Answer {
	return driver.Answer{Kind: driver.KindAccept, Value: json.RawMessage("{}"), Consumed: strconv.Itoa(len(item.Bytes))}
}

// overlooks are the parsers that do not mind what breaks a requirement.
func overlooks(vectors []testdata.Vector) []bug {
	var list []bug
	reqs, _ := broken(vectors)
	for _, req := range reqs {
		list = append(list, decodes("overlooks-"+strings.ToLower(req), req, "It takes what breaks "+req+".", func(item gocodec.Item, right driver.Answer) driver.Answer {
			if right.Kind == driver.KindReject && right.Req == req {
				return taken(item)
			}
			return right
		}))
	}
	return list
}

// answers are the parsers that refuse in other words.
func answers(vectors []testdata.Vector) []bug {
	var list []bug
	reqs, scopes := broken(vectors)
	for _, req := range reqs {
		in := func(name, doc string, say func(right driver.Answer) driver.Answer) {
			list = append(list, decodes(strings.ToLower(req)+name, req, doc, func(_ gocodec.Item, right driver.Answer) driver.Answer {
				if right.Kind == driver.KindReject && right.Req == req {
					return say(right)
				}
				return right
			}))
		}
		in("-with-another-code", "It answers what breaks "+req+" with INTERNAL.", func(right driver.Answer) driver.Answer {
			right.Code = "INTERNAL"
			return right
		})
		other := "stream"
		if scopes[req] == other {
			other = "link"
		}
		in("-in-another-scope", "It answers what breaks "+req+" by the end of the "+other+".", func(right driver.Answer) driver.Answer {
			right.Scope = other
			return right
		})
		in("-without-a-reason", "It refuses what breaks "+req+" and does not say why.", func(right driver.Answer) driver.Answer {
			right.Code, right.Scope = "", ""
			return right
		})
		in("-waits", "It waits for more behind what breaks "+req+".", func(driver.Answer) driver.Answer {
			return driver.Answer{Kind: driver.KindMore}
		})
	}
	return list
}
