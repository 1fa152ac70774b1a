package codec

import "encoding/json"

type channelJSON struct {
	First   uint64   `json:"first,string"`
	ID      hexBytes `json:"id"`
	Lineage Lineage  `json:"lineage"`
	Name    string   `json:"name"`
	Next    uint64   `json:"next,string"`
	Stable  uint64   `json:"stable,string"`
}

// MarshalJSON gives the form of channel inside that of OPEN.
func (c Channel) MarshalJSON() ([]byte, error) {
	return json.Marshal(channelJSON{c.First, c.ID[:], append(Lineage{}, c.Lineage...), c.Name, c.Next, c.Stable})
}

// UnmarshalJSON reads what MarshalJSON gives, leniently: MessageFromJSON is strict.
func (c *Channel) UnmarshalJSON(j []byte) error {
	var form channelJSON
	if err := json.Unmarshal(j, &form); err != nil {
		return err
	}
	*c = Channel{Name: form.Name, Lineage: form.Lineage, First: form.First, Next: form.Next, Stable: form.Stable}
	return form.ID.fill(c.ID[:])
}

type positionJSON struct {
	Dup    uint64        `json:"dup,string"`
	Ranges []Range       `json:"ranges,omitempty"`
	Stable uint64        `json:"stable,string"`
	State  PositionState `json:"state"`
}

// MarshalJSON gives the form of channel inside that of ACCEPT.
func (p Position) MarshalJSON() ([]byte, error) {
	return json.Marshal(positionJSON{p.Dup, p.Ranges, p.Stable, p.State})
}

// UnmarshalJSON reads what MarshalJSON gives, leniently: MessageFromJSON is strict.
func (p *Position) UnmarshalJSON(j []byte) error {
	var form positionJSON
	err := json.Unmarshal(j, &form)
	*p = Position{State: form.State, Stable: form.Stable, Dup: form.Dup, Ranges: form.Ranges}
	return err
}
