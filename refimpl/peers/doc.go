// Package peers is the list of the peers that a store is kept equal to (spec/access.md): where they are, and which identity each has. It lies in the
// file of the objects, so that what an operator says of it holds over the end of the process.
//
//	list, err := peers.Open(s)
//	cfg.Admit = list.Admit                                    // nobody else may claim their ids
//	sync.ManagerConfig{Peers: list.Sync, ...}                  // the scheduler has the list of the moment
//	peers.AddMethods(srv, list, nil)                          // peer.add and peer.remove
package peers
