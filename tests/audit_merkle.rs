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

/// The leaves of certificate-transparency's reference test for RFC 6962, and its proofs.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
/// The leaf's index, the size of the tree, and the path.
const INCLUSIONS: [(u64, u64, &[&str]); 4] = [
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];
/// The size before, the size after, and the proof.
const CONSISTENCIES: [(u64, u64, &[&str]); 3] = [
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

#[test]
fn the_proofs_are_those_of_the_reference() {
    let hex = |text: &str| -> Vec<u8> {
        text.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    };
    let leaves: Vec<Hash> = LEAVES.iter().map(|text| leaf(&hex(text))).collect();
    let root = |size: u64| {
        let mut tree = Frontier::default();
        leaves.iter().take(usize::try_from(size).unwrap()).for_each(|leaf| tree.push(*leaf));
        tree.root()
    };
    let first = |size: u64| leaves.iter().copied().take(usize::try_from(size).unwrap());
    for (index, size, path) in INCLUSIONS {
        let published: Vec<Hash> = path.iter().map(|text| Hash::parse(text).unwrap()).collect();
        assert_eq!(inclusion(index, size, first(size)).unwrap(), published, "{index} of {size}");
        assert!(includes(index, leaves[usize::try_from(index).unwrap()], size, root(size), &published));
    }
    for (old, size, proof) in CONSISTENCIES {
        let published: Vec<Hash> = proof.iter().map(|text| Hash::parse(text).unwrap()).collect();
        assert_eq!(consistency(old, size, first(size)).unwrap(), published, "{old} to {size}");
        assert!(begins_with((old, root(old)), (size, root(size)), &published));
    }
}
