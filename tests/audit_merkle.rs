//! The tree and its proofs against another implementation, the crate `ct-merkle`: the same roots, the same proofs byte
//! for byte, and each takes the other's.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test with small figures")]

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use sha2::Sha256;
use tollwarden::audit::proof::{begins_with, consistency, includes, inclusion};
use tollwarden::audit::tree::{Frontier, Hash, leaf};

fn bytes(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.0).collect()
}

fn hashes(bytes: &[u8]) -> Vec<Hash> {
    bytes.chunks_exact(32).map(|chunk| Hash(chunk.try_into().unwrap())).collect()
}

#[test]
fn another_implementation_agrees_on_every_proof() {
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let (mut ours, mut leaves, mut roots) = (Frontier::default(), Vec::new(), Vec::new());
    for size in 1..=70u64 {
        let record = format!("record {size}").into_bytes();
        leaves.push(leaf(&record));
        ours.push(leaf(&record));
        theirs.push(record);
        let (root, their_root) = (ours.root(), theirs.root());
        assert_eq!(root.0.as_slice(), their_root.as_bytes().as_slice());
        roots.push(their_root);
        for index in 0..size {
            let at = usize::try_from(index).unwrap();
            let proof = inclusion(index, size, leaves.iter().copied()).unwrap();
            let their_proof = theirs.prove_inclusion(at);
            assert_eq!(bytes(&proof), their_proof.as_bytes(), "{index} of {size}");
            assert!(includes(index, leaves[at], size, root, &hashes(their_proof.as_bytes())));
            let read = InclusionProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
            let record = format!("record {}", index + 1).into_bytes();
            roots.last().unwrap().verify_inclusion(&record, index, &read).unwrap();
        }
        for old in 1..size {
            let at = usize::try_from(old).unwrap();
            let proof = consistency(old, size, leaves.iter().copied()).unwrap();
            let their_proof = theirs.prove_consistency(usize::try_from(size).unwrap() - at);
            assert_eq!(bytes(&proof), their_proof.as_bytes(), "{old} of {size}");
            let before = Hash(roots[at - 1].as_bytes().as_slice().try_into().unwrap());
            assert!(begins_with((old, before), (size, root), &hashes(their_proof.as_bytes())));
            let read = ConsistencyProof::<Sha256>::try_from_bytes(bytes(&proof)).unwrap();
            roots.last().unwrap().verify_consistency(&roots[at - 1], &read).unwrap();
        }
    }
}
