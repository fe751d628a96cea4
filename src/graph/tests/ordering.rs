//! Orders are permutations, keep the graph, and put near nodes together.

use super::*;

#[test]
fn an_order_along_the_links_renumbers_the_same_graph() {
    let vectors = Seeded(10).mixed(600, 16, 8);
    let links = built(&vectors, 1);
    let order = order(&links);
    assert_eq!(order[0], links.entry);
    let permuted = permute(&links, &order);
    assert_well_formed(&permuted, 600);
    assert_eq!(permuted.entry, 0);
    for (position, &node) in (0_u32..).zip(&order) {
        let old: Vec<u32> = neighbours_of(&permuted, position).iter().map(|&other| order[other as usize]).collect();
        assert_eq!(old, neighbours_of(&links, node));
    }
    assert!(super::order(&Links::default()).is_empty());
    assert_eq!(permute(&Links::default(), &[]), Links::default());
}

#[test]
fn order_keeps_nodes_that_cannot_be_reached() {
    let links = Links { degree: 2, entry: 2, neighbours: vec![1, EMPTY, 0, EMPTY, 3, EMPTY, 2, EMPTY] };
    assert_eq!(order(&links), [2, 3, 0, 1]);
}

#[test]
fn only_nodes_that_lead_to_the_entry_stand_at_the_head() {
    // The chain is 0, 1, 2, but no link leads on from node 1.
    let links = Links { degree: 2, entry: 0, neighbours: vec![1, 2, EMPTY, EMPTY, 0, EMPTY] };
    assert_eq!(order(&links), [0, 2, 1]);
    // Of many nodes the head takes one in so many, not the beginning of the chain.
    let vectors = Seeded(13).mixed(1_200, 16, 8);
    let links = built(&vectors, 1);
    let order = order(&links);
    let starts = index_format::layout::STARTS as usize;
    let apart = |pair: &[u32]| !neighbours_of(&links, pair[0]).contains(&pair[1]);
    let spread = order[..starts].windows(2).filter(|pair| apart(pair)).count();
    let chained = order[starts..].windows(2).filter(|pair| !apart(pair)).count();
    assert!(spread > starts * 3 / 4, "{spread} of {starts} at the head are no neighbours of the one before");
    assert!(chained > 600, "{chained} of the others are");
}
