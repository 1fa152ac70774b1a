package codec

import "encoding/json"

// The JSON form of an opening:
//
//	{"kind": "HELLO", "vers": ["1", "2570"], "node": "00..", "caps": {"probe.min": {"int": "5"}}, ...}
//	{"kind": "REFUSE", "code": "NO_VERSION", "vers": ["1"]}
//
// Members have the names of the keys of its map, and are left out where a key is absent; the rest is as for frames. The header is
// not part of the form: all of it follows from the body, except for flags, which are ignored.

type helloJSON struct {
	Vers        []decimal            `json:"vers"`
	Node        hexBytes             `json:"node"`
	Cluster     hexBytes             `json:"cluster"`
	ClusterName string               `json:"cluster_name,omitempty"`
	Incarnation decimal              `json:"incarnation"`
	Nonce       hexBytes             `json:"nonce"`
	Caps        map[string]any       `json:"caps"`
	Need        []string             `json:"need"`
	Protos      map[string][]decimal `json:"protos"`
	Limits      map[string]decimal   `json:"limits"`
	SW          string               `json:"sw,omitempty"`
}

type refuseJSON struct {
	Code    Code      `json:"code"`
	Need    *[]string `json:"need,omitempty"`
	RetryMS *decimal  `json:"retry_ms,omitempty"`
	Text    string    `json:"text,omitempty"`
	Vers    []decimal `json:"vers"`
}

// OpeningJSON gives the JSON form of o, which is that of o.Hello or else of o.Refuse.
func OpeningJSON(o Opening) ([]byte, error) {
	kind, form, err := KindRefuse, any(nil), error(nil)
	switch {
	case o.Hello != nil:
		kind = KindHello
		form, err = o.Hello.form()
	case o.Refuse != nil:
		form = o.Refuse.form()
	default:
		err = jsonFault("an opening that is neither HELLO nor REFUSE")
	}
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(form)
	if err != nil {
		return nil, jsonCause("an opening without a JSON form", err)
	}
	return tagged("kind", kind.String(), body), nil
}

// OpeningFromJSON reads what OpeningJSON gives, as strictly as MessageFromJSON. Of the header it sets Kind, VerMin and VerMax. A
// limit that is missing is refused, too: a vector says what it means.
func OpeningFromJSON(j []byte) (Opening, error) {
	var tag struct {
		Kind Kind `json:"kind"`
	}
	if err := unmarshal(j, &tag); err != nil {
		return Opening{}, err
	}
	o := Opening{Header: OpeningHeader{Kind: tag.Kind}}
	var vers []uint16
	var err error
	switch tag.Kind {
	case KindHello:
		o.Hello, err = helloFromJSON(j)
		if err == nil {
			vers = o.Hello.Vers
		}
	case KindRefuse:
		o.Refuse, err = refuseFromJSON(j)
		if err == nil {
			vers = o.Refuse.Vers
		}
	default:
		err = jsonFault(`member "kind" is missing or unknown`)
	}
	if err != nil {
		return Opening{}, err
	}
	o.Header.VerMin, o.Header.VerMax, _ = versionRange(vers)
	again, err := OpeningJSON(o)
	if err != nil {
		return Opening{}, err
	}
	return o, sameJSON(j, again)
}

func (h *Hello) form() (helloJSON, error) {
	caps, err := capsToJSON(h.Caps)
	if err != nil {
		return helloJSON{}, err
	}
	form := helloJSON{
		Vers: decimals(h.Vers), Node: h.Node[:], Cluster: h.Cluster[:], ClusterName: h.ClusterName,
		Incarnation: decimal(h.Incarnation), Nonce: h.Nonce[:], Caps: caps, Need: append([]string{}, h.Need...),
		Protos: make(map[string][]decimal, len(h.Protos)), Limits: make(map[string]decimal, len(limitTable)), SW: h.SW,
	}
	for name, vers := range h.Protos {
		form.Protos[name] = decimals(vers)
	}
	limits := h.Limits
	for i := range limitTable {
		form.Limits[limitTable[i].Name] = decimal(*limits.ref(i))
	}
	return form, nil
}

func helloFromJSON(j []byte) (*Hello, error) {
	var form helloJSON
	if err := unmarshal(j, &form); err != nil {
		return nil, err
	}
	h := &Hello{
		ClusterName: form.ClusterName, Incarnation: uint64(form.Incarnation), Need: form.Need, SW: form.SW,
		Protos: make(map[string][]uint16, len(form.Protos)),
	}
	var err error
	if h.Vers, err = versions(form.Vers); err != nil {
		return nil, err
	}
	if h.Caps, err = capsFromJSON(form.Caps); err != nil {
		return nil, err
	}
	for name, vers := range form.Protos {
		if h.Protos[name], err = versions(vers); err != nil {
			return nil, err
		}
	}
	for i := range limitTable {
		*h.Limits.ref(i) = uint64(form.Limits[limitTable[i].Name])
	}
	if err := form.Node.fill(h.Node[:]); err != nil {
		return nil, err
	}
	if err := form.Cluster.fill(h.Cluster[:]); err != nil {
		return nil, err
	}
	return h, form.Nonce.fill(h.Nonce[:])
}

func (r *Refuse) form() refuseJSON {
	form := refuseJSON{Code: r.Code, Text: r.Text, Vers: decimals(r.Vers)}
	if r.Need != nil {
		need := append([]string{}, r.Need...)
		form.Need = &need
	}
	if r.HasRetry {
		retry := decimal(r.RetryMS)
		form.RetryMS = &retry
	}
	return form
}

func refuseFromJSON(j []byte) (*Refuse, error) {
	var form refuseJSON
	if err := unmarshal(j, &form); err != nil {
		return nil, err
	}
	r := &Refuse{Code: form.Code, Text: form.Text, HasRetry: form.RetryMS != nil}
	if form.Need != nil {
		r.Need = *form.Need
	}
	if form.RetryMS != nil {
		if *form.RetryMS > RetryNever {
			return nil, jsonFault("retry_ms over 4294967295")
		}
		r.RetryMS = uint32(*form.RetryMS)
	}
	var err error
	r.Vers, err = versions(form.Vers)
	return r, err
}

func decimals(list []uint16) []decimal {
	out := make([]decimal, len(list))
	for i, v := range list {
		out[i] = decimal(v)
	}
	return out
}

func versions(list []decimal) ([]uint16, error) {
	out := make([]uint16, len(list))
	for i, d := range list {
		var err error
		if out[i], err = d.version(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
