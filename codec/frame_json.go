package codec

import "encoding/json"

// The messages whose JSON form is not that of their fields.

type readyJSON struct {
	Ver    decimal            `json:"ver"`
	Caps   map[string]any     `json:"caps"`
	Protos map[string]decimal `json:"protos"`
	TH     hexBytes           `json:"th"`
	CB     *hexBytes          `json:"cb,omitempty"`
}

// MarshalJSON gives the members of the JSON form, without "frame".
func (m *Ready) MarshalJSON() ([]byte, error) {
	caps, err := capsToJSON(m.Caps)
	if err != nil {
		return nil, err
	}
	protos := make(map[string]decimal, len(m.Protos))
	for name, ver := range m.Protos {
		protos[name] = decimal(ver)
	}
	return json.Marshal(readyJSON{decimal(m.Version), caps, protos, m.TH[:], optional(m.CB)})
}

// UnmarshalJSON reads what MarshalJSON gives, leniently: MessageFromJSON is strict.
func (m *Ready) UnmarshalJSON(j []byte) (err error) {
	var form readyJSON
	if err := json.Unmarshal(j, &form); err != nil {
		return err
	}
	*m = Ready{Protos: make(map[string]uint16, len(form.Protos)), CB: form.CB.value()}
	if m.Version, err = form.Ver.version(); err != nil {
		return err
	}
	for name, ver := range form.Protos {
		if m.Protos[name], err = ver.version(); err != nil {
			return err
		}
	}
	if m.Caps, err = capsFromJSON(form.Caps); err != nil {
		return err
	}
	return form.TH.fill(m.TH[:])
}

type openJSON struct {
	Stream uint32    `json:"stream,string"`
	Proto  string    `json:"proto"`
	Ver    uint16    `json:"ver,string"`
	Params *hexBytes `json:"params,omitempty"`

	Channel *Channel `json:"channel,omitempty"`
}

// MarshalJSON gives the members of the JSON form, without "frame".
func (m Open) MarshalJSON() ([]byte, error) {
	return json.Marshal(openJSON{m.Stream, m.Proto, m.Ver, optional(m.Params), m.Channel})
}

// UnmarshalJSON reads what MarshalJSON gives, leniently: MessageFromJSON is strict.
func (m *Open) UnmarshalJSON(j []byte) error {
	var form openJSON
	err := json.Unmarshal(j, &form)
	*m = Open{form.Stream, form.Proto, form.Ver, form.Params.value(), form.Channel}
	return err
}

type acceptJSON struct {
	Stream uint32    `json:"stream,string"`
	Params *hexBytes `json:"params,omitempty"`

	Channel *Position `json:"channel,omitempty"`
}

// MarshalJSON gives the members of the JSON form, without "frame".
func (m Accept) MarshalJSON() ([]byte, error) {
	return json.Marshal(acceptJSON{m.Stream, optional(m.Params), m.Channel})
}

// UnmarshalJSON reads what MarshalJSON gives, leniently: MessageFromJSON is strict.
func (m *Accept) UnmarshalJSON(j []byte) error {
	var form acceptJSON
	err := json.Unmarshal(j, &form)
	*m = Accept{form.Stream, form.Params.value(), form.Channel}
	return err
}

type dataJSON struct {
	Stream uint32     `json:"stream,string"`
	Flags  Flags      `json:"flags"`
	Pieces []hexBytes `json:"pieces"`
}

// MarshalJSON gives the members of the JSON form, without "frame".
func (m Data) MarshalJSON() ([]byte, error) {
	return json.Marshal(dataJSON{m.Stream, m.Pieces.flags, piecesToJSON(m.Pieces)})
}

// UnmarshalJSON reads what MarshalJSON gives, leniently: MessageFromJSON is strict.
func (m *Data) UnmarshalJSON(j []byte) error {
	var form dataJSON
	err := json.Unmarshal(j, &form)
	*m = Data{form.Stream, piecesFromJSON(form.Flags, form.Pieces)}
	return err
}

type recordsJSON struct {
	Stream uint32     `json:"stream,string"`
	Flags  Flags      `json:"flags"`
	Seq    uint64     `json:"seq,string"`
	Pieces []hexBytes `json:"pieces"`
}

// MarshalJSON gives the members of the JSON form, without "frame".
func (m Records) MarshalJSON() ([]byte, error) {
	return json.Marshal(recordsJSON{m.Stream, m.Flags & recordsFlags, m.Seq, piecesToJSON(m.Pieces)})
}

// UnmarshalJSON reads what MarshalJSON gives, leniently: MessageFromJSON is strict.
func (m *Records) UnmarshalJSON(j []byte) error {
	var form recordsJSON
	err := json.Unmarshal(j, &form)
	*m = Records{form.Stream, form.Flags & recordsFlags, form.Seq, piecesFromJSON(form.Flags, form.Pieces)}
	return err
}

type ackJSON struct {
	Stream  uint32  `json:"stream,string"`
	Stable  uint64  `json:"stable,string"`
	DelayUS uint32  `json:"delay_us,string"`
	Ranges  []Range `json:"ranges"`
}

// MarshalJSON gives the members of the JSON form, without "frame".
func (m Ack) MarshalJSON() ([]byte, error) {
	form := ackJSON(m)
	form.Ranges = append([]Range{}, m.Ranges...) // [] and not null
	return json.Marshal(form)
}

type unknownJSON struct {
	Flags    Flags    `json:"flags"`
	Reserved uint16   `json:"reserved,string"`
	Stream   uint32   `json:"stream,string"`
	Payload  hexBytes `json:"payload"`
}

// MarshalJSON gives the members of the JSON form, without "frame".
func (m Unknown) MarshalJSON() ([]byte, error) {
	return json.Marshal(unknownJSON{m.Flags, m.Reserved, m.Stream, append(hexBytes{}, m.Payload...)})
}

// UnmarshalJSON reads what MarshalJSON gives, leniently: MessageFromJSON is strict. Type stays as it is.
func (m *Unknown) UnmarshalJSON(j []byte) error {
	var form unknownJSON
	err := json.Unmarshal(j, &form)
	*m = Unknown{m.Type, form.Flags, form.Reserved, form.Stream, form.Payload}
	return err
}

func piecesToJSON(p Pieces) []hexBytes {
	list := make([]hexBytes, 0, p.Count())
	for _, piece := range p.All() {
		list = append(list, piece)
	}
	return list
}

func piecesFromJSON(flags Flags, list []hexBytes) Pieces {
	pieces := make([][]byte, len(list))
	for i := range list {
		pieces[i] = list[i]
	}
	return NewPieces(flags, pieces...)
}

// capsToJSON gives each value in the form of ValueToJSON.
func capsToJSON(c Caps) (map[string]any, error) {
	form := make(map[string]any, len(c))
	for name, v := range c {
		j, err := ValueToJSON(plainValue(v))
		if err != nil {
			return nil, err
		}
		form[name] = j
	}
	return form, nil
}

func capsFromJSON(form map[string]any) (Caps, error) {
	c := make(Caps, len(form))
	for name, j := range form {
		v, err := ValueFromJSON(j)
		if err != nil {
			return nil, err
		}
		c[name] = narrow(v)
	}
	return c, nil
}

// narrow gives an array of str as []string, and another value as it is.
func narrow(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	names := make([]string, 0, len(list))
	for _, elem := range list {
		name, ok := elem.(string)
		if !ok {
			return v
		}
		names = append(names, name)
	}
	return names
}
