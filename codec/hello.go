package codec

// Hello offers everything that a peer can do. What it says is a claim: identity comes from the transport (TLS-005).
type Hello struct {
	Vers        []uint16            // every wire version that the sender speaks, 1 to 16 with grease, each once, in any order
	Node        [16]byte            // id of the sender, the same in every opening of one process (HELLO-025)
	Cluster     [16]byte            // id of the sender's cluster
	ClusterName string              // for people, at most 64 bytes (HELLO-024); "": the key is absent
	Incarnation uint64              // grows with each start of the sender's process; at most 2^63-1
	Nonce       [32]byte            // random, new in each opening (HELLO-017)
	Caps        Caps                // what is offered, grease included
	Need        []string            // capabilities without which the sender will not talk, at most 64
	Protos      map[string][]uint16 // sub-protocol -> 1 to 16 versions
	Limits      Limits              // what binds the other side; all are sent, and an absent one has its default
	SW          string              // software and its version, for people, at most 64 bytes (HELLO-024); "": the key is absent
}

// AppendOpening appends the whole opening, with ver_min and ver_max from Vers. It refuses what ParseOpening would refuse, with
// the same error. It does not add what a peer must offer (grease, probes): suites need to leave it out.
func (h *Hello) AppendOpening(b []byte) ([]byte, error) {
	body, err := h.appendBody(nil)
	if err != nil {
		return b, err
	}
	return appendChecked(b, h.Vers, KindHello, body)
}

// appendBody appends the map, keys ascending (MP-010).
func (h *Hello) appendBody(b []byte) ([]byte, error) {
	b = AppendMapHeader(b, len(keysHello)-2+count(h.ClusterName != "")+count(h.SW != ""))
	b, err := AppendCaps(AppendStr(b, "caps"), h.Caps)
	if err != nil {
		return b, shifted(err, OpeningSize+len(b))
	}
	b = AppendBin(AppendStr(b, "cluster"), h.Cluster[:])
	if h.ClusterName != "" {
		b = AppendStr(AppendStr(b, "cluster_name"), h.ClusterName)
	}
	b = AppendUint(AppendStr(b, "incarnation"), h.Incarnation)
	b = appendLimits(AppendStr(b, "limits"), h.Limits)
	b = appendStrings(AppendStr(b, "need"), h.Need)
	b = AppendBin(AppendStr(b, "node"), h.Node[:])
	b = AppendBin(AppendStr(b, "nonce"), h.Nonce[:])
	b = appendOffers(AppendStr(b, "protos"), h.Protos)
	if h.SW != "" {
		b = AppendStr(AppendStr(b, "sw"), h.SW)
	}
	return appendUint16s(AppendStr(b, "vers"), h.Vers), nil
}

func appendOffers(b []byte, protos map[string][]uint16) []byte {
	b = AppendMapHeader(b, len(protos))
	for _, name := range sortedKeys(protos) {
		b = appendUint16s(AppendStr(b, name), protos[name])
	}
	return b
}

func appendUint16s(b []byte, list []uint16) []byte {
	b = AppendArrayHeader(b, len(list))
	for _, n := range list {
		b = AppendUint(b, uint64(n))
	}
	return b
}

func appendStrings(b []byte, list []string) []byte {
	b = AppendArrayHeader(b, len(list))
	for _, s := range list {
		b = AppendStr(b, s)
	}
	return b
}

// parseHello reads the body of a HELLO: steps 4 to 6 of chapter 14 of SPEC.md. Within step 5 the ids are taken in their order.
func parseHello(head OpeningHeader, body []byte) (*Hello, error) {
	v, err := parseMap(body, OpeningSize, "HELLO-009")
	if err != nil {
		return nil, err
	}
	if err := checkHelloKeys(v); err != nil {
		return nil, err
	}
	h := &Hello{}
	var caps Value
	for it := v.Iter(); it.Next(); {
		value := it.Value()
		if string(it.Key()) == "caps" {
			caps = value
			continue
		}
		if err := h.set(string(it.Key()), value); err != nil {
			return nil, err
		}
	}
	if err := checkVers(v, h.Vers, head); err != nil {
		return nil, err
	}
	if err := checkProtos(v); err != nil {
		return nil, err
	}
	if err := checkCaps(caps, OpeningSize); err != nil {
		return nil, err
	}
	h.Caps, err = capsOf(caps)
	return h, err
}

// set takes over one entry that checkHelloKeys has judged. The error is a limit out of range (HELLO-012).
func (h *Hello) set(key string, v Value) error {
	switch key {
	case "cluster":
		data, _ := v.Bin()
		copy(h.Cluster[:], data)
	case "cluster_name":
		h.ClusterName = strOf(v)
	case "incarnation":
		h.Incarnation, _ = v.Uint()
	case "limits":
		return h.Limits.set(v)
	case "need":
		h.Need = stringsOf(v)
	case "node":
		data, _ := v.Bin()
		copy(h.Node[:], data)
	case "nonce":
		data, _ := v.Bin()
		copy(h.Nonce[:], data)
	case "protos":
		h.Protos = make(map[string][]uint16, v.Len())
		for it := v.Iter(); it.Next(); {
			h.Protos[string(it.Key())] = uint16sOf(it.Value())
		}
	case "sw":
		h.SW = strOf(v)
	case "vers":
		h.Vers = uint16sOf(v)
	}
	return nil
}
